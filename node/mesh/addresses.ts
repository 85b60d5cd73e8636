import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { maxAddressChars, maxAddressesPeer } from '../core/limits.ts'
import { type PeerId, parsePeerId } from '../core/peer-id.ts'

/** Where a peer may be dialled. */
export interface DialTarget {
  readonly peer: PeerId
  readonly addresses: readonly Multiaddr[]
}

/** Reads a multiaddr that ends in `/p2p/<id>`; undefined for anything else. */
export function parseAddress(
  text: string,
): { readonly peer: PeerId; readonly address: Multiaddr } | undefined {
  if (text.length > maxAddressChars) return undefined
  try {
    const address = multiaddr(text)
    const last = address.getComponents().at(-1)
    const peer = last?.code === CODE_P2P && last.value !== undefined ? parsePeerId(last.value) : undefined
    return peer === undefined ? undefined : { peer, address }
  } catch {
    return undefined // not a multiaddr
  }
}

/** One target for each peer that the addresses name; what cannot be read is left out. */
export function groupByPeer(addresses: readonly string[]): DialTarget[] {
  const groups = new Map<PeerId, Multiaddr[]>()
  for (const text of addresses) {
    const parsed = parseAddress(text)
    if (parsed === undefined) continue
    const group = groups.get(parsed.peer) ?? []
    if (group.length < maxAddressesPeer) group.push(parsed.address)
    groups.set(parsed.peer, group)
  }
  return [...groups].map(([peer, group]) => ({ peer, addresses: group }))
}

/** The address with the peer's id behind it. */
export function withPeer(address: Multiaddr, peer: PeerId): string {
  const has = address.getComponents().some(({ code, value }) => code === CODE_P2P && value === peer)
  return has ? address.toString() : `${address.toString()}/p2p/${peer}`
}
