import type { Certificate } from '../core/certificate.ts'
import { relayChoice } from '../core/relay-choice.ts'
import type { ChosenRelays } from '../mesh/reach.ts'
import type { Ledger } from './ledger.ts'

/** Whom the policy in force has chosen to relay, as this member has to act on it. Read once for each policy: it is asked every second.
 *  @see docs/protocol.md 5.1, 6.8 */
export function readChosenRelays(ledger: Ledger, { peerid, tags }: Certificate): () => ChosenRelays {
  let hash: string | undefined
  let choice = relayChoice([], { peer: peerid, tags })
  let chosen: ChosenRelays = view()
  function view(): ChosenRelays {
    return {
      ...choice,
      serves: (peer) => {
        const held = ledger.certificates.get(peer)
        return held !== undefined && choice.serves(held.certificate.tags)
      },
    }
  }
  return () => {
    const { policy } = ledger
    if (policy?.hash !== hash) {
      hash = policy?.hash
      choice = relayChoice(policy?.policy.relays ?? [], { peer: peerid, tags })
      chosen = view()
    }
    return chosen
  }
}
