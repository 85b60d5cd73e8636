import { CODE_P2P, CODE_P2P_CIRCUIT, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { maxAddressChars, maxAddressesPeer } from '../core/limits.ts'
import { type PeerId, parsePeerId } from '../core/peer-id.ts'

/** Where a peer may be dialled. */
export interface DialTarget {
  readonly peer: PeerId
  readonly addresses: readonly Multiaddr[]
}

/** Reads a multiaddr that ends in `/p2p/<id>`; undefined for anything else. With a circuit in it: through exactly one
 *  relay, whose own address and id stand in front. */
export function parseAddress(
  text: string,
): { readonly peer: PeerId; readonly address: Multiaddr } | undefined {
  if (text.length > maxAddressChars) return undefined
  try {
    const address = multiaddr(text)
    const components = address.getComponents()
    const last = components.at(-1)
    const peer = last?.code === CODE_P2P && last.value !== undefined ? parsePeerId(last.value) : undefined
    if (peer === undefined) return undefined
    const circuits = components.filter(({ code }) => code === CODE_P2P_CIRCUIT).length
    if (circuits === 0) return { peer, address }
    const relay = relayOf(address)
    const isWhole = components.length >= 5 && components.at(-2)?.code === CODE_P2P_CIRCUIT
    return circuits > 1 || relay === undefined || relay === peer || !isWhole ? undefined : { peer, address }
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

/** What a node can dial: not itself, and nobody through itself, as a relay is told to by whoever has reserved at it. */
export function withoutSelf(targets: readonly DialTarget[], self: PeerId): DialTarget[] {
  return targets
    .filter(({ peer }) => peer !== self)
    .map(({ peer, addresses }) => ({
      peer,
      addresses: addresses.filter((address) => relayOf(address) !== self),
    }))
    .filter(({ addresses }) => addresses.length > 0)
}

/** The address with the peer's id behind it. */
export function withPeer(address: Multiaddr, peer: PeerId): string {
  const has = address.getComponents().some(({ code, value }) => code === CODE_P2P && value === peer)
  return has ? address.toString() : `${address.toString()}/p2p/${peer}`
}

/** Does a relay stand in between? */
export function isCircuit(address: Multiaddr): boolean {
  return address.getComponents().some(({ code }) => code === CODE_P2P_CIRCUIT)
}

/** The relay of a circuit, where its id stands in the address. */
export function relayOf(address: Multiaddr): PeerId | undefined {
  const components = address.getComponents()
  const at = components.findIndex(({ code }) => code === CODE_P2P_CIRCUIT)
  const before = components[at - 1]
  return before?.code === CODE_P2P && before.value !== undefined ? parsePeerId(before.value) : undefined
}
