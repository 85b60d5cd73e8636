import type { Tags } from './certificate.ts'
import type { PeerId } from './peer-id.ts'
import type { Policy } from './policy.ts'

/** Whom the policy has chosen to relay, as one member has to act on it. */
export interface RelayChoice {
  /** This member is to relay, where others can dial it. */
  readonly isChosen: boolean
  /** Whether it relays, as chosen, for a member with these tags. */
  serves(tags: Tags): boolean
  /** Members that relay for this one: it reserves there first. */
  readonly own: ReadonlySet<PeerId>
  /** Members that were chosen for others alone: this one leaves them to those. */
  readonly others: ReadonlySet<PeerId>
}

/** Reads the policy's `relays` from where one member stands.
 *  @param tags of that member's certificate: signed by whoever invited it, so no member chooses its office itself
 *  @see docs/protocol.md 5.1, 6.8 */
export function relayChoice(
  relays: NonNullable<Policy['relays']>,
  self: { readonly peer: PeerId; readonly tags: Tags },
): RelayChoice {
  const mine = relays.filter(({ peer }) => peer === self.peer)
  const rest = relays.filter(({ peer }) => peer !== self.peer)
  const own = new Set(rest.filter((relay) => isFor(relay, self.tags)).map(({ peer }) => peer))
  return {
    isChosen: mine.length > 0,
    serves: (tags) => mine.some((relay) => isFor(relay, tags)),
    own,
    others: new Set(rest.map(({ peer }) => peer).filter((peer) => !own.has(peer))),
  }
}

/** Every tag of the entry must be there; without any it is for everybody. */
function isFor(relay: { readonly tags?: Tags | undefined }, tags: Tags): boolean {
  return Object.entries(relay.tags ?? {}).every(
    ([name, value]) => Object.hasOwn(tags, name) && tags[name] === value,
  )
}
