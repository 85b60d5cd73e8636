import { maxAddressChars } from './limits.ts'
import { parsePeerId } from './peer-id.ts'

/** `/<ip4|ip6|dns|dns4|dns6>/<host>/tcp/<port>[/ws|/tls/ws]/p2p/<id>`: where somebody may be dialled who has never been met. */
const form =
  /^\/(ip4|ip6|dns|dns4|dns6)\/([^/\s]{1,253})\/tcp\/([1-9][0-9]{0,4})(\/tls\/ws|\/ws)?\/p2p\/([^/]+)$/
const ip4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
const name = new RegExp(`^${label}(?:\\.${label})*$`)

/** Is this an address that a policy may name? Through nobody, on no path of a file system, with the id of who must answer.
 *  @see docs/protocol.md 5.1 */
export function isBootstrapAddress(text: string): boolean {
  if (text.length > maxAddressChars) return false
  const [, kind, host, port, , peer] = form.exec(text) ?? []
  if (kind === undefined || host === undefined || peer === undefined) return false
  return isHost(kind, host) && Number(port) <= 65_535 && parsePeerId(peer) !== undefined
}

/** Is this an address of a named peer, as far as can be told without network code? The gate reads what its mesh process is to
 *  dial, and holds no library for it (security.md R30); whoever dials reads it again and takes all that is taken here or says why not.
 *  Unlike in a policy, circuits and any transport may stand in it. */
export function isAddressOfPeer(text: string): boolean {
  if (text.length > maxAddressChars || !text.startsWith('/') || /[\s\p{Cc}]/u.test(text)) return false
  const parts = text.split('/').filter((part) => part !== '')
  if (parts.at(-2) !== 'p2p' || parsePeerId(parts.at(-1) ?? '') === undefined) return false
  const [kind, host = '', transport, port = ''] = parts
  if ((kind === 'ip4' || kind === 'ip6') && !isHost(kind, host)) return false
  return transport !== 'tcp' || (/^(0|[1-9]\d{0,4})$/.test(port) && Number(port) <= 65_535)
}

function isHost(kind: string, host: string): boolean {
  if (kind === 'ip4') return ip4.test(host)
  if (kind === 'ip6') return /^[0-9A-Fa-f:.]+$/.test(host) && URL.canParse(`http://[${host}]/`)
  return name.test(host)
}
