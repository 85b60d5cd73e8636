import type { PrivateKey } from 'openpgp'
import { beforeAll, describe, expect, it } from 'vitest'
import { account } from '../../node/core/accounting.ts'
import type { Fingerprint } from '../../node/core/fingerprint.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import type { Status } from '../../node/core/result.ts'
import { accountable, judgedFewer } from '../../node/roles/answers.ts'
import type { TrustedPolicy } from '../../node/verification/trusted-policy.ts'
import { type VerifiedAction, verifyAction } from '../../node/verification/verify-action.ts'
import {
  accepted,
  aFleet,
  aKey,
  anAction,
  aPerson,
  type Fleet,
  fingerprintOf,
  now,
  wireOf,
} from '../verification/pgp/pgp-kit.ts'

let fleet: Fleet
let alice: PrivateKey
let alices: PrivateKey
let bob: PrivateKey
let policy: TrustedPolicy
const web1 = 'web1' as PeerId

beforeAll(async () => {
  fleet = await aFleet()
  ;[alice, alices, bob] = await Promise.all([aKey('Alice'), aKey('Alice at home'), aKey('Bobby')])
  policy = await fleet.policy([aPerson('Alice', alice, alices), aPerson('Bobby', bob)])
})

async function signedBy(...signers: readonly PrivateKey[]): Promise<VerifiedAction> {
  const wire = await wireOf('mig.action.v3', anAction(policy), signers)
  const verdict = await verifyAction(wire, {
    fleet: fleet.root.fleet,
    policy,
    now,
    heldSigners: () => undefined,
  })
  return accepted(verdict)
}

const refusalOf = (...signers: readonly PrivateKey[]): Status => ({
  v: 1,
  fleet: 'f',
  actionid: 'a',
  peerid: web1,
  serial: 1,
  seq: 7,
  status: 'refused',
  reason: 'not-permitted: weight 1 of 2 for module file',
  signers: signers.map((key) => fingerprintOf(key) as Fingerprint),
  at: now,
})

async function accountOf(held: readonly PrivateKey[], judged: readonly PrivateKey[]) {
  const isOutdated = judgedFewer(await signedBy(...held), policy)
  const answers = accountable([{ peer: web1, status: refusalOf(...judged) }], isOutdated)
  const { refused, silent } = account([{ peer: web1, name: 'web1' }], answers, String)
  return { refused: refused.map(({ note }) => note), silent: silent.map(({ note }) => note) }
}

describe('a refusal', () => {
  const words = 'refused: not-permitted: weight 1 of 2 for module file'

  it('counts when it judged what is held here, or more', async () => {
    for (const [held, judged] of [
      [
        [alice, bob],
        [alice, bob],
      ],
      [[alice], [bob, alice]],
      // The same person with another key: two nodes may hold different signatures of one.
      [[alice], [alices]],
    ] as const)
      expect(await accountOf(held, judged)).toEqual({ refused: [words], silent: [] })
  })

  it('of a copy with a signature stripped is no answer, whichever came first, and the account says so', async () => {
    for (const judged of [[alice], [bob], [alices]]) {
      const { refused, silent } = await accountOf([alice, bob], judged)
      expect(refused).toEqual([])
      expect(silent).toEqual([
        expect.stringMatching(/^no answer yet .* refused: not-permitted: weight 1 of 2/),
      ])
    }
  })

  it('does not wait for somebody who has been revoked since', async () => {
    const held = await signedBy(alice, bob)
    const revoked = { people: ['Bobby'], peers: [], invitations: [] }
    const people = [aPerson('Alice', alice, alices), aPerson('Bobby', bob)]
    const later = await fleet.policy(people, { version: 2, revoked })
    expect(judgedFewer(held, policy)(refusalOf(alice))).toBe(true)
    expect(judgedFewer(held, later)(refusalOf(alice))).toBe(false)
  })
})
