import { equalBytes } from '../core/bytes.ts'
import { type PeerId, publicKeyOf } from '../core/peer-id.ts'
import { parseReceiptBody, type Receipt } from '../core/result.ts'
import { openEnvelope } from '../verification/node-envelope.ts'

/** A receipt for this agent, signed by the collector that it names. Whether that is the action's origin its reader has to ask.
 *  @see docs/protocol.md 3.9, 7.2 */
export function readReceipt(
  wire: Uint8Array,
  { fleet, peer }: { readonly fleet: string; readonly peer: PeerId },
): Receipt | undefined {
  const opened = openEnvelope('mig-receipt', wire)
  if (!('value' in opened)) return undefined
  const receipt = parseReceiptBody(opened.value)
  if (typeof receipt === 'string' || receipt.fleet !== fleet || receipt.peerid !== peer) return undefined
  // An investigator's node answers with its peer key, which stands inside the origin that people have signed.
  const key = publicKeyOf(receipt.collector)
  return key !== undefined && equalBytes(key, opened.signer) ? receipt : undefined
}
