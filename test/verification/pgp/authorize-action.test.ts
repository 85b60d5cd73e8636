import type { PrivateKey } from 'openpgp'
import { beforeAll, expect, test } from 'vitest'
import { MigError } from '../../../node/core/error.ts'
import { formatInstant } from '../../../node/core/instant.ts'
import {
  defaultCpuSeconds,
  defaultMatches,
  defaultOutputBytes,
  defaultWallSeconds,
  maxReasonChars,
} from '../../../node/core/limits.ts'
import type { PolicyBody } from '../../../node/core/policy.ts'
import {
  type Authorization,
  authorizeAction,
  type ModuleRule,
  type Place,
  weighAction,
} from '../../../node/verification/authorize-action.ts'
import type { TrustedPolicy } from '../../../node/verification/trusted-policy.ts'
import { verifyAction } from '../../../node/verification/verify-action.ts'
import {
  accepted,
  aFleet,
  agent,
  aKey,
  anAction,
  aPerson,
  at,
  type Draft,
  type Fleet,
  grant,
  now,
  origin,
  wireOf,
} from './pgp-kit.ts'

let fleet: Fleet
let alice: PrivateKey
let bob: PrivateKey
let policy: TrustedPolicy

const rule = (change: Partial<ModuleRule> = {}): ModuleRule => ({
  sensitive: false,
  checkParameters: () => undefined,
  ...change,
})
const modules = new Map([
  ['file', rule()],
  ['netstat', rule({ sensitive: true })],
  ['memory', rule({ sensitive: true })],
])

beforeAll(async () => {
  fleet = await aFleet()
  ;[alice, bob] = await Promise.all([aKey('Alice'), aKey('Bobby')])
  policy = await aTestPolicy()
})

function aTestPolicy(
  change: Partial<PolicyBody> = {},
  people = [aPerson('alice', alice), aPerson('bob', bob)],
): Promise<TrustedPolicy> {
  const acl = {
    netstat: grant(2, { alice: [alice, 1], bob: [bob, 1] }),
    default: grant(1, { alice: [alice, 1] }),
  }
  return fleet.policy(people, { acl, ...change })
}

async function authorize(
  change: Draft = {},
  here: Partial<Place> = {},
  keys = [alice],
  under = policy,
): Promise<Authorization> {
  const wire = await wireOf('mig.action.v3', anAction(under, change), keys)
  const verified = accepted(
    await verifyAction(wire, { fleet: under.fleet, policy: under, now, heldSigners: () => undefined }),
  )
  return authorizeAction(verified, {
    policy: under,
    now,
    peer: agent,
    isTargeted: () => true,
    modules,
    ...here,
  })
}

const twoOperations = [
  { module: 'netstat', parameters: {} },
  { module: 'file', parameters: {} },
]

test('an action that all is well with may run, and says who is behind it', async () => {
  const authorization = await authorize()
  if (authorization.kind !== 'authorized') throw new Error(authorization.kind)
  expect(authorization.action.action.name).toBe('who has it')
  expect([...authorization.action.signers]).toEqual(['alice'])
})

test('V60 an action whose time has not come is held until then', async () => {
  const later = { validfrom: formatInstant(at(120)) }
  expect(await authorize(later)).toEqual({ kind: 'hold', until: at(120), code: 'not-yet-valid' })
  expect(await authorize(later, { now: at(119) })).toMatchObject({ kind: 'hold' })
  expect(await authorize(later, { now: at(120) })).toMatchObject({ kind: 'authorized' })
})

test('an action that expired while it was held is refused', async () => {
  expect(await authorize({}, { now: at(3600 + 300) })).toMatchObject({ kind: 'authorized' })
  expect(await authorize({}, { now: at(3600 + 301) })).toMatchObject({ kind: 'refused', code: 'expired' })
})

test('V68 a newer policy than ours is waited for; another of the same version is refused', async () => {
  expect(await authorize({ policymin: { version: 2, hash: policy.hash } })).toEqual({
    kind: 'hold',
    code: 'policy-behind',
  })
  expect(await authorize({ policymin: { version: 1, hash: 'a'.repeat(52) } })).toMatchObject({
    kind: 'refused',
    code: 'policy-mismatch',
  })
  const second = await aTestPolicy({ version: 2 })
  expect(
    await authorize({ policymin: { version: 1, hash: 'a'.repeat(52) } }, {}, [alice], second),
  ).toMatchObject({ kind: 'authorized' })
})

test('V71 an agent outside the target or outside the frozen list says nothing', async () => {
  expect(await authorize({}, { isTargeted: () => false })).toEqual({ kind: 'not-targeted' })
  expect(await authorize({ only: [origin] })).toEqual({ kind: 'not-targeted' })
  expect(await authorize({ only: [origin, agent] })).toMatchObject({ kind: 'authorized' })
})

test('a target that cannot be read is refused; any other fault is not swallowed', async () => {
  const throwing = (error: Error) => ({
    isTargeted: () => {
      throw error
    },
  })
  expect(await authorize({}, throwing(new MigError('bad-target', 'unknown column x')))).toMatchObject({
    kind: 'refused',
    code: 'bad-target',
    reason: 'unknown column x',
  })
  await expect(authorize({}, throwing(new TypeError('a bug')))).rejects.toThrow('a bug')
})

test('a module that is not here is named', async () => {
  expect(await authorize({ operations: [...twoOperations, { module: 'yara', parameters: {} }] })).toEqual({
    kind: 'refused',
    code: 'module-unavailable',
    reason: 'module yara is not available here',
  })
})

test('the arithmetic of every operation that fails is in the reason, once each', async () => {
  const operations = [
    ...twoOperations,
    { module: 'memory', parameters: {} },
    { module: 'netstat', parameters: {} },
  ]
  expect(await authorize({ operations })).toEqual({
    kind: 'refused',
    code: 'not-permitted',
    reason: 'weight 1 of 2 for module netstat; module memory is sensitive and has no ACL entry of its own',
  })
  expect(await authorize({ operations: twoOperations }, {}, [alice, bob])).toMatchObject({
    kind: 'authorized',
  })
})

test('bad parameters are refused after the weighing, and only then looked at', async () => {
  const seen: unknown[] = []
  const strict = new Map([
    [
      'file',
      rule({
        checkParameters: (parameters) => {
          seen.push(parameters)
          return 'searches: expected an object'
        },
      }),
    ],
  ])
  expect(
    await authorize({ operations: [{ module: 'file', parameters: { searches: 1 } }] }, { modules: strict }),
  ).toEqual({
    kind: 'refused',
    code: 'bad-parameters',
    reason: 'operation 1, module file: searches: expected an object',
  })
  expect(seen).toEqual([{ searches: 1 }])
})

test('a reason is never longer than a status has room for', async () => {
  const chatty = new Map([['file', rule({ checkParameters: () => 'x'.repeat(1000) })]])
  const authorization = await authorize({}, { modules: chatty })
  if (authorization.kind !== 'refused') throw new Error(authorization.kind)
  expect(authorization.reason).toHaveLength(maxReasonChars)
})

test("limits are the policy's, or the defaults, and an action only tightens them", async () => {
  const limitsOf = async (change: Draft, under = policy) => {
    const authorization = await authorize(change, {}, [alice], under)
    return authorization.kind === 'authorized' ? authorization.limits : authorization
  }
  expect(await limitsOf({})).toEqual({
    wallSeconds: defaultWallSeconds,
    cpuSeconds: defaultCpuSeconds,
    matches: defaultMatches,
    bytes: defaultOutputBytes,
    summaryBytes: 4096,
    resultTtlSeconds: 86_400,
  })
  const under = await aTestPolicy({ limits: { wallseconds: 600, matches: 10, resultttl: 3600 } })
  expect(
    await limitsOf(
      { limits: { wallseconds: 900, cpuseconds: 5, matches: 9, bytes: 1024, summarybytes: 16_384 } },
      under,
    ),
  ).toEqual({
    wallSeconds: 600,
    cpuSeconds: 5,
    matches: 9,
    bytes: 1024,
    summaryBytes: 16_384,
    resultTtlSeconds: 3600,
  })
})

test('V70 the newest policy decides: lost weight, revocation, a key that has another owner', async () => {
  const verified = accepted(
    await verifyAction(await wireOf('mig.action.v3', anAction(policy), [alice]), {
      fleet: policy.fleet,
      policy,
      now,
      heldSigners: () => undefined,
    }),
  )
  const under = (newer: TrustedPolicy) =>
    authorizeAction(verified, { policy: newer, now, peer: agent, isTargeted: () => true, modules })
  expect(under(await aTestPolicy({ version: 2 }))).toMatchObject({ kind: 'authorized' })
  const refused = { kind: 'refused', code: 'not-permitted', reason: 'weight 0 of 1 for module file' }
  expect(under(await aTestPolicy({ version: 2, acl: { default: grant(1, { bob: [bob, 1] }) } }))).toEqual(
    refused,
  )
  expect(
    under(await aTestPolicy({ version: 2, revoked: { people: ['alice'], peers: [], invitations: [] } })),
  ).toEqual(refused)
  // The name alone is worth nothing: alice has lost this key, and now holds another.
  const swapped = [aPerson('alice', bob), aPerson('bob', alice)]
  expect(
    under(await aTestPolicy({ version: 2, acl: { default: grant(1, { alice: [bob, 1] }) } }, swapped)),
  ).toEqual(refused)
})

test('the weighing can be shown for every operation, granted or not', () => {
  const weighings = weighAction(
    { operations: twoOperations },
    policy.acl,
    (module) => modules.get(module)?.sensitive ?? true,
    new Set(['alice']),
  )
  expect(weighings).toEqual([
    { module: 'netstat', weighing: { kind: 'refused', weight: 1, needed: 2 } },
    { module: 'file', weighing: { kind: 'granted', weight: 1, needed: 1 } },
  ])
})
