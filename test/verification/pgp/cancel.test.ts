import type { PrivateKey } from 'openpgp'
import { beforeAll, expect, test } from 'vitest'
import type { Action } from '../../../node/core/action.ts'
import type { Instant } from '../../../node/core/clock.ts'
import { encodeEnvelope, preAuthEncoding } from '../../../node/core/envelope.ts'
import { formatInstant } from '../../../node/core/instant.ts'
import type { TrustedPolicy } from '../../../node/verification/trusted-policy.ts'
import { verifyAction } from '../../../node/verification/verify-action.ts'
import { mayCancel, verifyCancel } from '../../../node/verification/verify-cancel.ts'
import {
  accepted,
  aFleet,
  aKey,
  anAction,
  aPerson,
  at,
  bodyOf,
  type Fleet,
  fingerprintOf,
  now,
  signBytes,
  verdictOf,
  wireOf,
} from './pgp-kit.ts'

let fleet: Fleet
let alice: PrivateKey
let aliceToo: PrivateKey
let bob: PrivateKey
let carol: PrivateKey
let policy: TrustedPolicy
let action: Action

beforeAll(async () => {
  fleet = await aFleet()
  ;[alice, aliceToo, bob, carol] = (await Promise.all(
    ['Alice', 'Alice Too', 'Bobby', 'Carol'].map((name) => aKey(name)),
  )) as [PrivateKey, PrivateKey, PrivateKey, PrivateKey]
  policy = await aTestPolicy()
  // Alice drafted it, with her first key; carol has the stop role.
  const wire = await wireOf(
    'mig.action.v3',
    anAction(policy, { stoppers: [fingerprintOf(alice) as never] }),
    [bob],
  )
  action = accepted(
    await verifyAction(wire, { fleet: fleet.root.fleet, policy, now, heldSigners: () => undefined }),
  ).action
})

const aTestPolicy = (
  change = {},
  people = [aPerson('alice', alice, aliceToo), aPerson('bob', bob), aPerson('carol', carol)],
) => fleet.policy(people, { stop: ['carol'], ...change })
const aCancel = (change = {}) => ({
  v: 1,
  fleet: fleet.root.fleet,
  actionid: 'a'.repeat(52),
  issuedat: formatInstant(now),
  ...change,
})
const cancelBy = async (keys: PrivateKey[], change = {}, time: Instant = now, under = policy) =>
  verifyCancel(await wireOf('mig.cancel.v1', aCancel(change), keys), {
    fleet: fleet.root.fleet,
    policy: under,
    now: time,
  })

test('V73 a cancel needs no action to be verified', async () => {
  const cancel = accepted(await cancelBy([bob]))
  expect([cancel.person, cancel.fingerprint, cancel.cancel.actionid]).toEqual([
    'bob',
    fingerprintOf(bob),
    'a'.repeat(52),
  ])
})

test('V74 it stops the action when its signer is a stopper, with any key, or has the stop role', async () => {
  const stops = async (key: PrivateKey, under = policy) =>
    mayCancel(accepted(await cancelBy([key])), action, under)
  expect([await stops(alice), await stops(aliceToo), await stops(bob), await stops(carol)]).toEqual([
    true,
    true,
    false,
    true,
  ])
})

test('when several have signed, one who may is enough', async () => {
  expect(mayCancel(accepted(await cancelBy([bob, carol])), action, policy)).toBe(true)
})

test('the policy of now decides', async () => {
  const byAlice = accepted(await cancelBy([alice]))
  const byCarol = accepted(await cancelBy([carol]))
  const without = (name: string) => aTestPolicy({ revoked: { people: [name], peers: [], invitations: [] } })
  expect([
    mayCancel(byAlice, action, await without('alice')),
    mayCancel(byCarol, action, await without('carol')),
  ]).toEqual([false, false])
  expect(mayCancel(byCarol, action, await aTestPolicy({ stop: [] }))).toBe(false)
})

test('V05 an action is no cancel, and a signature made for an action none for a cancel', async () => {
  expect(
    verdictOf(
      await verifyCancel(await wireOf('mig.action.v3', aCancel(), [carol]), {
        fleet: fleet.root.fleet,
        policy,
        now,
      }),
    ),
  ).toBe('ignore unsupported')
  const body = bodyOf(aCancel())
  const signatures = [await signBytes(preAuthEncoding('mig.action.v3', body), carol)]
  expect(
    verdictOf(
      await verifyCancel(encodeEnvelope({ type: 'mig.cancel.v1', body, signatures }), {
        fleet: fleet.root.fleet,
        policy,
        now,
      }),
    ),
  ).toBe('ignore no-valid-signature')
})

test('what does not travel', async () => {
  const mallory = await aKey('Mallory')
  expect(verdictOf(await cancelBy([mallory]))).toBe('ignore unknown-signer')
  expect(verdictOf(await cancelBy([]))).toBe('ignore no-valid-signature')
  expect(verdictOf(await cancelBy([carol], { fleet: 'b'.repeat(52) }))).toBe('reject wrong-fleet')
  expect(verdictOf(await cancelBy([carol], { v: 2 }))).toBe('ignore unsupported')
  expect(verdictOf(await cancelBy([carol], { extra: 1 }))).toBe('ignore bad-schema')
  expect(verdictOf(await cancelBy([carol], { issuedat: formatInstant(at(300)) }))).toBe('accept')
  expect(verdictOf(await cancelBy([carol], { issuedat: formatInstant(at(301)) }))).toBe(
    'ignore not-yet-valid',
  )
})

test('a cancel older than any action is over', async () => {
  expect(verdictOf(await cancelBy([carol], {}, at(7 * 86_400 + 300)))).toBe('accept')
  expect(verdictOf(await cancelBy([carol], {}, at(7 * 86_400 + 301)))).toBe('ignore expired')
})
