import { type Address, addressOf, parseAddress } from './address.ts'

/** The tables of `/proc/net`. Parsers take one line; a line that is not what it should be gives undefined. */

export type Transport = 'tcp' | 'udp'

export interface Socket {
  readonly transport: Transport
  readonly localAddress: Address
  readonly localPort: number
  readonly remoteAddress: Address
  readonly remotePort: number
  /** The kernel's state number: 1 established, 10 (0x0A) listening; a UDP socket without a peer is 7. */
  readonly state: number
}

export interface Neighbor {
  readonly address: Address
  readonly mac: string
}

const socketLine =
  /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{2}) /
const macForm = /^[0-9a-f]{2}(:[0-9a-f]{2}){0,31}$/
/** ATF_COM: the neighbour has answered. Without it the entry is a question still open, and its MAC is zeros. */
const arpComplete = 0x2

/** One line of `tcp`, `tcp6`, `udp` or `udp6`; undefined for the heading and for rubbish. */
export function parseSocketLine(line: string, transport: Transport): Socket | undefined {
  const match = socketLine.exec(line)
  if (match === null) return undefined
  const [, local = '', localPort = '', remote = '', remotePort = '', state = ''] = match
  return {
    transport,
    localAddress: parseHexAddress(local),
    localPort: Number.parseInt(localPort, 16),
    remoteAddress: parseHexAddress(remote),
    remotePort: Number.parseInt(remotePort, 16),
    state: Number.parseInt(state, 16),
  }
}

/** Can somebody reach this socket? A listening TCP socket, or a UDP socket without a peer. */
export function isListening(socket: Socket): boolean {
  return socket.transport === 'tcp' ? socket.state === 0x0a : socket.state === 0x07
}

/** One line of `arp`: an IPv4 neighbour that has answered. */
export function parseArpLine(line: string): Neighbor | undefined {
  const [ip = '', , flags = '', mac = ''] = line.trim().split(/\s+/)
  const address = parseAddress(ip)
  const isComplete = (Number(flags) & arpComplete) !== 0
  return address !== undefined && isComplete && isMac(mac) ? { address, mac } : undefined
}

/** Makes the reader of one `fib_trie`: fed line by line, it gives each IPv4 address of this machine once.
 *  An address stands on the line above its `/32 host LOCAL`. */
export function createFibTrieReader(): (line: string) => Address | undefined {
  const seen = new Set<bigint>()
  let above: Address | undefined
  return (line) => {
    const leaf = /^\s*\|-- (\S+)$/.exec(line)
    if (leaf !== null) above = parseAddress(leaf[1] ?? '')
    if (leaf !== null || above === undefined || !/^\s*\/32 host LOCAL\b/.test(line)) return undefined
    if (seen.has(above.value)) return undefined
    seen.add(above.value)
    return above
  }
}

/** One line of `if_inet6`: an IPv6 address of this machine. */
export function parseIfInet6Line(line: string): Address | undefined {
  const hex = /^([0-9a-f]{32}) /.exec(line)?.[1]
  return hex === undefined ? undefined : { family: 6, value: BigInt(`0x${hex}`) }
}

/** A hardware address that is not all zeros: that is what loopback interfaces and unanswered neighbours show. */
export function isMac(text: string): boolean {
  return macForm.test(text) && /[1-9a-f]/.test(text)
}

/** The kernel prints each 32-bit word as a number of the machine, so on little-endian machines, which is all that Node
 *  runs Linux on but s390x, the bytes of each word stand in reverse. */
export function parseHexAddress(hex: string): Address {
  let ordered = ''
  for (let word = 0; word < hex.length; word += 8) {
    for (let byte = 6; byte >= 0; byte -= 2) ordered += hex.slice(word + byte, word + byte + 2)
  }
  return addressOf(hex.length === 8 ? 4 : 6, BigInt(`0x${ordered}`))
}
