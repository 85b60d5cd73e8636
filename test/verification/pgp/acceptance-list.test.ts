import { enums, type PrivateKey, PublicSubkeyPacket, SignaturePacket, Subkey } from 'openpgp'
import { beforeAll, describe, expect, test } from 'vitest'
import { concat } from '../../../node/core/bytes.ts'
import type { Instant } from '../../../node/core/clock.ts'
import { encodeEnvelope, preAuthEncoding } from '../../../node/core/envelope.ts'
import { formatInstant } from '../../../node/core/instant.ts'
import {
  type Authorization,
  authorizeAction,
  type ModuleRule,
} from '../../../node/verification/authorize-action.ts'
import type { TrustedPolicy } from '../../../node/verification/trusted-policy.ts'
import { verifyAction } from '../../../node/verification/verify-action.ts'
import {
  aFleet,
  agent,
  aKey,
  anAction,
  aPerson,
  at,
  bodyOf,
  type Draft,
  type Fleet,
  fingerprintOf,
  grant,
  now,
  signByHand,
  signBytes,
  signPacket,
  verdictOf,
  wireOf,
} from './pgp-kit.ts'

/** The adversarial list of reference/security.md 2.5, as far as it ends at "may it travel" or "may it run here". */

let fleet: Fleet
let alice: PrivateKey
let aliceToo: PrivateKey
let bob: PrivateKey
let carol: PrivateKey
let mallory: PrivateKey
let policy: TrustedPolicy

beforeAll(async () => {
  fleet = await aFleet()
  ;[alice, aliceToo, bob, carol, mallory] = (await Promise.all(
    ['Alice', 'Alice Too', 'Bob', 'Carol', 'Mallory'].map((name) => aKey(name)),
  )) as [PrivateKey, PrivateKey, PrivateKey, PrivateKey, PrivateKey]
  policy = await aTestPolicy()
})

/** file needs 2, netstat needs 2, default needs 1; alice owns two keys. */
function aTestPolicy(
  change: Parameters<Fleet['policy']>[1] = {},
  people = [aPerson('alice', alice, aliceToo), aPerson('bob', bob), aPerson('carol', carol)],
) {
  const pair = { alice: [alice, 1], bob: [bob, 1] } as const
  return fleet.policy(people, {
    acl: { file: grant(2, pair), netstat: grant(2, { alice: [alice, 2] }), default: grant(1, pair) },
    ...change,
  })
}

const modules = new Map<string, ModuleRule>(
  ['file', 'netstat', 'example', 'memory'].map((name) => [
    name,
    { sensitive: name === 'memory', checkParameters: () => undefined },
  ]),
)

function authorize(
  verified: Parameters<typeof authorizeAction>[0],
  here: Partial<Parameters<typeof authorizeAction>[1]> = {},
): Authorization {
  return authorizeAction(verified, { policy, now, peer: agent, isTargeted: () => true, modules, ...here })
}

/** Both questions, one word: what becomes of this action at an agent. */
async function judge(wire: Uint8Array, time: Instant = now, under = policy): Promise<string> {
  const admission = await verifyAction(wire, {
    fleet: fleet.root.fleet,
    policy: under,
    now: time,
    heldSigners: () => undefined,
  })
  if (admission.kind !== 'accept') return verdictOf(admission)
  const authorization = authorize(admission.value, { policy: under, now: time })
  return authorization.kind === 'refused' ? `refused ${authorization.code}` : authorization.kind
}

const signed = (change: Draft, keys: readonly PrivateKey[], under = policy) =>
  wireOf('mig.action.v3', anAction(under, change), keys)

/** The plain action with signatures made by hand. */
async function withSignatures(
  make: (bytes: Uint8Array) => Promise<readonly Uint8Array[]>,
  change: Draft = {},
): Promise<Uint8Array> {
  const body = bodyOf(anAction(policy, change))
  return encodeEnvelope({
    type: 'mig.action.v3',
    body,
    signatures: await make(preAuthEncoding('mig.action.v3', body)),
  })
}

describe('what is accepted', () => {
  test('V01 one valid signature of the weight that is asked for', async () => {
    expect(await judge(await signed({ operations: [{ module: 'netstat', parameters: {} }] }, [alice]))).toBe(
      'authorized',
    )
  })
  test('V02 two persons of weight 1 where 2 is asked for', async () => {
    expect(await judge(await signed({}, [alice, bob]))).toBe('authorized')
  })
  test('V21 a module without an entry goes by default, unless it is sensitive', async () => {
    expect(await judge(await signed({ operations: [{ module: 'example', parameters: {} }] }, [bob]))).toBe(
      'authorized',
    )
    expect(
      await judge(await signed({ operations: [{ module: 'memory', parameters: {} }] }, [alice, bob])),
    ).toBe('refused not-permitted')
  })
  test('V57 the sum that is asked for, and one less', async () => {
    expect(await judge(await signed({}, [alice]))).toBe('refused not-permitted')
    expect(await judge(await signed({}, [alice, carol]))).toBe('refused not-permitted')
    expect(await judge(await signed({}, [carol, bob, alice]))).toBe('authorized')
  })
  test('V18 two operations, one not allowed: none runs, and the reason names it', async () => {
    const wire = await signed(
      {
        operations: [
          { module: 'netstat', parameters: {} },
          { module: 'file', parameters: {} },
        ],
      },
      [alice],
    )
    const admission = await verifyAction(wire, {
      fleet: fleet.root.fleet,
      policy,
      now,
      heldSigners: () => undefined,
    })
    if (admission.kind !== 'accept') throw new Error(verdictOf(admission))
    expect(authorize(admission.value)).toEqual({
      kind: 'refused',
      code: 'not-permitted',
      reason: 'weight 1 of 2 for module file',
    })
  })
})

describe('the body', () => {
  test('V03 any changed byte of the body', async () => {
    const wire = await signed({}, [alice, bob])
    const target = Buffer.from(wire).indexOf('"TRUE"')
    const changed = Uint8Array.from(wire)
    changed.set(Buffer.from('"true"'), target)
    expect(await judge(changed)).toBe('ignore no-valid-signature')
  })
  test('V04 V05 a signature made for another type over the same bytes', async () => {
    const body = bodyOf(anAction(policy))
    for (const type of ['mig.cancel.v1', 'mig.apitoken.v2']) {
      const signatures = [
        await signBytes(preAuthEncoding(type, body), alice),
        await signBytes(preAuthEncoding(type, body), bob),
      ]
      expect(await judge(encodeEnvelope({ type: 'mig.action.v3', body, signatures })), type).toBe(
        'ignore no-valid-signature',
      )
    }
    expect(await judge(await wireOf('mig.cancel.v1', anAction(policy), [alice, bob]))).toBe(
      'ignore unsupported',
    )
  })

  const text = () => JSON.stringify(sorted(anAction(policy)))
  test.each<[string, (body: string) => string, string]>([
    [
      'V06 a duplicate key',
      (body) => body.replace('"name":"who has it"', '"name":"a","name":"who has it"'),
      'reject not-canonical',
    ],
    [
      'V07 the key __proto__',
      (body) => body.replace('{"searches":{}}', '{"__proto__":{}}'),
      'reject not-canonical',
    ],
    [
      'V07 the key constructor',
      (body) => body.replace('{"searches":{}}', '{"constructor":1}'),
      'reject not-canonical',
    ],
    ['V08 1e400', (body) => body.replace('86400', '1e400'), 'reject not-canonical'],
    ['V08 -0', (body) => body.replace('86400', '-0'), 'reject not-canonical'],
    ['V08 1.5', (body) => body.replace('86400', '1.5'), 'reject not-canonical'],
    ['V08 1e2', (body) => body.replace('86400', '1e2'), 'reject not-canonical'],
    [
      'V09 an integer that is not safe',
      (body) => body.replace('86400', '9007199254740993'),
      'reject not-canonical',
    ],
    ['V10 a lone surrogate', (body) => body.replace('who has it', '\\ud800'), 'reject not-canonical'],
    [
      'V11 a direction character',
      (body) => body.replace('who has it', 'who \u202e it'),
      'reject not-canonical',
    ],
    ['V11 a control character', (body) => body.replace('who has it', 'who\\u0007'), 'reject not-canonical'],
    [
      'V11 a zero-width character',
      (body) => body.replace('who has it', 'who\u200bhas'),
      'reject not-canonical',
    ],
    [
      'V11 a name that is not in normal form C',
      (body) => body.replace('who has it', 'e\u0301'),
      'reject not-canonical',
    ],
    [
      'V12 nesting beyond 24 inside parameters',
      (body) => body.replace('{"searches":{}}', `${'['.repeat(25)}${']'.repeat(25)}`),
      'reject not-canonical',
    ],
    [
      'V13 another key order',
      (body) => body.replace(/^\{("expireafter":"[^"]+"),("fleet":"[^"]+")/, '{$2,$1'),
      'reject not-canonical',
    ],
    ['V13 a blank', (body) => body.replace('{"', '{ "'), 'reject not-canonical'],
    ['V13 a trailing newline', (body) => `${body}\n`, 'reject not-canonical'],
    ['V13 a byte order mark', (body) => `\ufeff${body}`, 'reject not-decodable'],
    [
      'V14 an unknown field',
      (body) => body.replace('"resultttl"', '"reqttl":1,"resultttl"'),
      'ignore bad-schema',
    ],
    [
      'V15 another syntax version',
      (body) => body.replace('"syntaxversion":3', '"syntaxversion":2'),
      'ignore unsupported',
    ],
    ['V16 another fleet', (body) => body.replace(fleet.root.fleet, 'a'.repeat(52)), 'reject wrong-fleet'],
    [
      'V17 no operations',
      (body) => body.replace(/"operations":\[.*?\],"origin"/, '"operations":[],"origin"'),
      'ignore bad-schema',
    ],
    [
      'V19 a module in capitals',
      (body) => body.replace('"module":"file"', '"module":"File"'),
      'ignore bad-schema',
    ],
    [
      'V19 a module with a blank',
      (body) => body.replace('"module":"file"', '"module":"file "'),
      'ignore bad-schema',
    ],
    [
      'V19 a module with a ligature',
      (body) => body.replace('"module":"file"', '"module":"\ufb01le"'),
      'ignore bad-schema',
    ],
    [
      'V20 the module constructor',
      (body) => body.replace('"module":"file"', '"module":"constructor"'),
      'refused module-unavailable',
    ],
    [
      'V62 expireafter before validfrom',
      (body) => body.replace(/"validfrom":"[^"]+"/, `"validfrom":"${formatInstant(at(3601))}"`),
      'ignore bad-schema',
    ],
    [
      'V62 a span of more than seven days',
      (body) => body.replace(/"expireafter":"[^"]+"/, `"expireafter":"${formatInstant(at(7 * 86_400 + 1))}"`),
      'ignore bad-schema',
    ],
    [
      'V62 issued in the future',
      (body) => body.replace(/"issuedat":"[^"]+"/, `"issuedat":"${formatInstant(at(301))}"`),
      'ignore not-yet-valid',
    ],
  ])('%s, validly signed', async (_, change, verdict) => {
    const changed = change(text())
    expect(changed).not.toBe(text())
    expect(await judge(await wireOf('mig.action.v3', changed, [alice, bob]))).toBe(verdict)
  })

  test('V12 a body that is too large is refused before it is parsed', async () => {
    const body = JSON.stringify(
      sorted(
        anAction(policy, { operations: [{ module: 'file', parameters: { path: 'x'.repeat(512 * 1024) } }] }),
      ),
    )
    expect(await judge(await wireOf('mig.action.v3', body, [alice]))).toBe('reject too-large')
  })
  test('V17 sixteen operations, not seventeen', async () => {
    const operations = (count: number) =>
      Array.from({ length: count }, () => ({ module: 'netstat', parameters: {} }))
    expect(await judge(await signed({ operations: operations(16) }, [alice]))).toBe('authorized')
    expect(await judge(await signed({ operations: operations(17) }, [alice]))).toBe('ignore bad-schema')
  })
  test('V20 a module called toString finds nothing in the ACL either', async () => {
    const hostile = new Map(modules).set('constructor', { sensitive: true, checkParameters: () => undefined })
    const admission = await verifyAction(
      await signed({ operations: [{ module: 'constructor', parameters: {} }] }, [alice, bob]),
      {
        fleet: fleet.root.fleet,
        policy,
        now,
        heldSigners: () => undefined,
      },
    )
    if (admission.kind !== 'accept') throw new Error(verdictOf(admission))
    expect(authorize(admission.value, { modules: hostile })).toMatchObject({
      kind: 'refused',
      code: 'not-permitted',
    })
  })
  test('V61 it is over at the tolerance, and one second later refused', async () => {
    const wire = await signed({}, [alice, bob])
    expect(await judge(wire, at(3600 + 300))).toBe('authorized')
    expect(await judge(wire, at(3600 + 301))).toBe('ignore expired')
  })
})

describe('who signed', () => {
  test('V23 nobody', async () => {
    expect(await judge(await signed({}, []))).toBe('ignore no-valid-signature')
  })
  test('V24 the same signature twice counts once', async () => {
    const wire = await withSignatures(async (bytes) => {
      const signature = await signBytes(bytes, alice)
      return [signature, signature]
    })
    expect(await judge(wire)).toBe('refused not-permitted')
  })
  test('V25 two signatures of one key count once', async () => {
    expect(
      await judge(
        await withSignatures((bytes) =>
          Promise.all([signBytes(bytes, alice), signBytes(bytes, alice, { date: at(1) })]),
        ),
      ),
    ).toBe('refused not-permitted')
  })
  test('V26 two signing subkeys of one key count once, and each by itself counts', async () => {
    const dora = await aKey('Dora', { subkeys: [{ sign: true }, { sign: true }] })
    const under = await aTestPolicy({ acl: { file: grant(2, { dora: [dora, 1], bob: [bob, 1] }) } }, [
      aPerson('dora', dora),
      aPerson('bob', bob),
    ])
    const body = bodyOf(anAction(under))
    const bytes = preAuthEncoding('mig.action.v3', body)
    const [first, second, third] = await Promise.all([
      signByHand(bytes, dora, {}, { subkey: 0 }),
      signByHand(bytes, dora, {}, { subkey: 1 }),
      signBytes(bytes, bob),
    ])
    const wire = (...signatures: Uint8Array[]) => encodeEnvelope({ type: 'mig.action.v3', body, signatures })
    expect(await judge(wire(first as Uint8Array, second as Uint8Array), now, under)).toBe(
      'refused not-permitted',
    )
    expect(await judge(wire(first as Uint8Array, third as Uint8Array), now, under)).toBe('authorized')
    expect(await judge(wire(second as Uint8Array, third as Uint8Array), now, under)).toBe('authorized')
  })
  test('V27 two certificates of one person count once', async () => {
    expect(await judge(await signed({}, [alice, aliceToo]))).toBe('refused not-permitted')
    expect(await judge(await signed({}, [aliceToo, bob]))).toBe('authorized')
  })
  test('V29 an unknown key beside enough known ones is no veto', async () => {
    expect(await judge(await signed({}, [mallory, alice, bob]))).toBe('authorized')
    expect(await judge(await signed({}, [mallory]))).toBe('ignore unknown-signer')
  })
  test('V30 a corrupt signature of a known key is no veto, even before the good one of the same person', async () => {
    const wire = await withSignatures(async (bytes) => {
      const bad = Uint8Array.from(await signBytes(bytes, carol))
      bad[bad.length - 5] = (bad[bad.length - 5] ?? 0) ^ 1
      const badAlice = await signBytes(new Uint8Array(3), alice)
      return [bad, badAlice, await signBytes(bytes, alice), await signBytes(bytes, bob)]
    })
    expect(await judge(wire)).toBe('authorized')
  })
  test('V31 eight entries, not nine', async () => {
    const nine = await withSignatures((bytes) =>
      Promise.all(Array.from({ length: 9 }, () => signBytes(bytes, alice))),
    )
    expect(await judge(nine)).toBe('ignore too-many-signatures')
    const eight = await withSignatures((bytes) =>
      Promise.all([...Array.from({ length: 7 }, () => signBytes(bytes, alice)), signBytes(bytes, bob)]),
    )
    expect(await judge(eight)).toBe('authorized')
  })
  test('V32 one entry with two packets', async () => {
    const wire = await withSignatures(async (bytes) => [
      concat(await Promise.all([signBytes(bytes, alice), signBytes(bytes, bob)])),
    ])
    expect(await judge(wire)).toBe('ignore unknown-signer')
  })
  test('V33 V34 text, standalone, timestamp and certification signatures', async () => {
    for (const signatureType of [
      enums.signature.text,
      enums.signature.standalone,
      enums.signature.timestamp,
      enums.signature.certGeneric,
    ]) {
      const wire = await withSignatures(async (bytes) => {
        const packets = await Promise.all(
          [alice, bob].map((key) => signByHand(bytes, key, { signatureType: enums.signature.binary })),
        )
        // The type stands in the signed part: a signature that says another type is made over other bytes.
        return packets.map((packet) => patchType(packet, signatureType))
      })
      expect(await judge(wire), String(signatureType)).toMatch(/^ignore/)
    }
    const text = await withSignatures(async (bytes) => [
      await signByHand(bytes, alice, { signatureType: enums.signature.text }),
      await signByHand(bytes, bob, { signatureType: enums.signature.text }),
    ])
    expect(await judge(text)).toBe('ignore no-valid-signature')
  })
  test('V35 SHA-1', async () => {
    // An Ed25519 key does not sign SHA-1; the others are in gpg.test.ts.
    const dora = await aKey('Dora', { curve: 'nistP256' })
    const under = await aTestPolicy({ acl: { file: grant(1, { dora: [dora, 1] }) } }, [aPerson('dora', dora)])
    const body = bodyOf(anAction(under))
    for (const [hashAlgorithm, verdict] of [
      [enums.hash.sha256, 'authorized'],
      [enums.hash.sha1, 'ignore no-valid-signature'],
    ] as const) {
      const signature = await signByHand(preAuthEncoding('mig.action.v3', body), dora, { hashAlgorithm })
      expect(
        await judge(encodeEnvelope({ type: 'mig.action.v3', body, signatures: [signature] }), now, under),
      ).toBe(verdict)
    }
  })
  test('V54 an inline-signed message in place of a detached signature', async () => {
    const wire = await withSignatures((bytes) =>
      Promise.all([alice, bob].map((key) => signBytes(bytes.subarray(0, 200), key, { detached: false }))),
    )
    expect(await judge(wire)).toBe('ignore unknown-signer')
  })
  test('V44 a signature from the future', async () => {
    expect(
      await judge(await wireOf('mig.action.v3', anAction(policy), [alice, bob], { date: at(300) })),
    ).toBe('authorized')
    expect(
      await judge(await wireOf('mig.action.v3', anAction(policy), [alice, bob], { date: at(301) })),
    ).toBe('ignore no-valid-signature')
  })
  test('V45 a signature that is older than the action', async () => {
    expect(
      await judge(await wireOf('mig.action.v3', anAction(policy), [alice, bob], { date: at(-300) })),
    ).toBe('authorized')
    expect(
      await judge(await wireOf('mig.action.v3', anAction(policy), [alice, bob], { date: at(-301) })),
    ).toBe('ignore no-valid-signature')
  })
  test('a signature made after the action expired', async () => {
    const short = anAction(policy, { expireafter: formatInstant(at(10)) })
    expect(await judge(await wireOf('mig.action.v3', short, [alice, bob], { date: at(10) }), at(11))).toBe(
      'authorized',
    )
    expect(await judge(await wireOf('mig.action.v3', short, [alice, bob], { date: at(11) }), at(11))).toBe(
      'ignore no-valid-signature',
    )
  })
  test('V46 a signature whose own time is up', async () => {
    const change = { signatureExpirationTime: 60, signatureNeverExpires: false }
    const wire = await withSignatures((bytes) =>
      Promise.all([alice, bob].map((key) => signByHand(bytes, key, change))),
    )
    expect(await judge(wire, at(59))).toBe('authorized')
    expect(await judge(wire, at(60))).toBe('ignore no-valid-signature')
  })
  test('V47 an unknown critical notation', async () => {
    const notation = (critical: boolean) => [
      { name: 'context@example.org', value: new Uint8Array(1), humanReadable: false, critical },
    ]
    expect(
      await judge(
        await wireOf('mig.action.v3', anAction(policy), [alice, bob], { notations: notation(false) }),
      ),
    ).toBe('authorized')
    expect(
      await judge(
        await wireOf('mig.action.v3', anAction(policy), [alice, bob], { notations: notation(true) }),
      ),
    ).toBe('ignore no-valid-signature')
  })
  test('V49 only the signed fingerprint says who it is: not a key id, not an unsigned fingerprint', async () => {
    const wire = await withSignatures(async (bytes) => {
      // Mallory's signature with Alice's key id in its unsigned part.
      const mine = Buffer.from(await signByHand(bytes, mallory))
      const keyIds = [mallory, alice].map((key) => Buffer.from(key.getKeyID().toHex(), 'hex')) as [
        Buffer,
        Buffer,
      ]
      const place = mine.lastIndexOf(keyIds[0])
      mine.set(keyIds[1], place)
      return [new Uint8Array(mine)]
    })
    expect(await judge(wire)).toBe('ignore unknown-signer')
    const swapped = await withSignatures(async (bytes) => {
      const hers = Buffer.from(await signByHand(bytes, alice))
      hers.set(
        Buffer.from(bob.getKeyID().toHex(), 'hex'),
        hers.lastIndexOf(Buffer.from(alice.getKeyID().toHex(), 'hex')),
      )
      return [new Uint8Array(hers), await signBytes(bytes, bob)]
    })
    expect(await judge(swapped)).toBe('refused not-permitted')
  })
})

describe('which keys count', () => {
  /** What becomes of an action that needs 1 and that only this key has signed. */
  async function judgeKey(
    key: PrivateKey,
    options: { date?: Instant; time?: Instant; byHand?: boolean; certificate?: PrivateKey } = {},
  ): Promise<string> {
    const owner = options.certificate ?? key
    const under = await fleet.policy([aPerson('dora', owner)], {
      acl: { file: grant(1, { dora: [owner, 1] }) },
    })
    const time = options.time ?? now
    const body = bodyOf(anAction(under))
    const bytes = preAuthEncoding('mig.action.v3', body)
    const date = options.date ?? now
    const signature =
      options.byHand === true
        ? await signByHand(bytes, key, {}, { date })
        : await signBytes(bytes, key, { date })
    return judge(encodeEnvelope({ type: 'mig.action.v3', body, signatures: [signature] }), time, under)
  }

  test('Ed25519, NIST P-256 and P-384, and version 6 keys (V50)', async () => {
    expect(await judgeKey(await aKey('Dora'))).toBe('authorized')
    expect(await judgeKey(await aKey('Dora', { curve: 'nistP256' }))).toBe('authorized')
    expect(await judgeKey(await aKey('Dora', { curve: 'nistP384' }))).toBe('authorized')
    const version6 = await aKey('Dora', { type: 'curve25519', config: { v6Keys: true } })
    expect(fingerprintOf(version6)).toHaveLength(64)
    expect(await judgeKey(version6)).toBe('authorized')
  })
  test('V37 RSA-2048', async () => {
    expect(await judgeKey(await aKey('Dora', { type: 'rsa', rsaBits: 2048 }))).toBe(
      'ignore no-valid-signature',
    )
  })
  test('V39 a primary key that may only certify', async () => {
    const key = await aKey('Dora', { subkeys: [{ sign: true }] })
    const certifying = await restricted(key, [enums.keyFlags.certifyKeys])
    expect(await judgeKey(key, { byHand: true, certificate: certifying })).toBe('ignore no-valid-signature')
    expect(await judgeKey(key, { certificate: certifying })).toBe('authorized')
  })
  test('V40 V41 a key that has expired, whatever date the signature bears', async () => {
    const seconds = (now - Date.parse('2026-01-01T00:00:00Z')) / 1000
    const key = await aKey('Dora', { keyExpirationTime: seconds + 100 })
    expect(await judgeKey(key, { time: at(99) })).toBe('authorized')
    expect(await judgeKey(key, { time: at(101) })).toBe('ignore no-valid-signature')
  })
  test('V42 V43 a revoked key, whatever the reason and the date', async () => {
    for (const flag of [
      enums.reasonForRevocation.keySuperseded,
      enums.reasonForRevocation.keyCompromised,
      enums.reasonForRevocation.noReason,
    ]) {
      const key = await aKey('Dora')
      // Revoked after the signature was made, and even after "now".
      const revokedKey = await key.revoke({ flag }, new Date(at(120)))
      expect(await judgeKey(key, { certificate: revokedKey, time: at(60) }), String(flag)).toBe(
        'ignore unknown-signer',
      )
    }
  })
  test('a revoked signing subkey', async () => {
    const key = await aKey('Dora', { subkeys: [{ sign: true }] })
    const [subkey] = key.subkeys
    if (subkey === undefined) throw new Error('no subkey')
    const gone = await subkey.revoke(
      key.keyPacket as never,
      { flag: enums.reasonForRevocation.keyRetired },
      new Date(at(10)),
    )
    const certificate = Object.assign(key.toPublic() as unknown as PrivateKey, {
      subkeys: [Object.assign(gone, { keyPacket: key.toPublic().subkeys[0]?.keyPacket })],
    })
    expect(await judgeKey(key, { certificate })).toBe('ignore unknown-signer')
  })
  test.each([
    ['without its consent', false],
    ['with a consent that its own key did not give', true],
  ])('V48 a key that somebody else lists as a subkey, %s, still counts for its owner', async (_, forged) => {
    const packet = new PublicSubkeyPacket()
    // The library's types keep reading to itself.
    ;(packet as unknown as { read(bytes: Uint8Array): void }).read(alice.toPublic().keyPacket.write())
    const stolen = new Subkey(packet, mallory)
    const data = { key: mallory.keyPacket, bind: packet }
    const bySignature = async (signatureType: enums.signature, change: Partial<SignaturePacket>) => {
      const { algorithm } = mallory.keyPacket
      const fields = {
        signatureType,
        publicKeyAlgorithm: algorithm,
        hashAlgorithm: enums.hash.sha512,
        ...change,
      }
      const made = Object.assign(new SignaturePacket(), fields)
      await signPacket(made, mallory.keyPacket, data, new Date(at(-60)), false)
      return made
    }
    const consent = forged ? { embeddedSignature: await bySignature(enums.signature.keyBinding, {}) } : {}
    const keyFlags = new Uint8Array([enums.keyFlags.signData])
    stolen.bindingSignatures.push(await bySignature(enums.signature.subkeyBinding, { keyFlags, ...consent }))
    const withStolen = Object.assign(mallory.toPublic(), { subkeys: [stolen] })
    const under = await fleet.policy(
      [aPerson('mallory', withStolen), aPerson('alice', alice), aPerson('bob', bob)],
      { acl: { file: grant(2, { alice: [alice, 1], bob: [bob, 1], mallory: [mallory, 1] }) } },
    )
    expect(await judge(await signed({}, [alice, bob], under), now, under)).toBe('authorized')
    expect(await judge(await signed({}, [alice], under), now, under)).toBe('refused not-permitted')
  })
  test('V42 a revocation with a weak hash still revokes, a primary key and a subkey', async () => {
    for (const what of ['key', 'subkey'] as const) {
      const key = await aKey('Dora', { curve: 'nistP256', subkeys: [{ sign: true }] })
      const certificate = key.toPublic()
      const [subkey] = certificate.subkeys
      if (subkey === undefined) throw new Error('no subkey')
      const revocation = Object.assign(new SignaturePacket(), {
        signatureType: what === 'key' ? enums.signature.keyRevocation : enums.signature.subkeyRevocation,
        publicKeyAlgorithm: key.keyPacket.algorithm,
        hashAlgorithm: enums.hash.sha1,
        reasonForRevocationFlag: enums.reasonForRevocation.keyCompromised,
        reasonForRevocationString: '',
      })
      const data = what === 'key' ? { key: key.keyPacket } : { key: key.keyPacket, bind: subkey.keyPacket }
      await signPacket(revocation, key.keyPacket, data, new Date(at(-60)), false)
      expect(await judgeKey(key, { certificate: certificate as PrivateKey })).toBe('authorized')
      ;(what === 'key' ? certificate : subkey).revocationSignatures.push(revocation)
      expect(await judgeKey(key, { certificate: certificate as PrivateKey }), what).toBe(
        'ignore unknown-signer',
      )
    }
  })
  test('V49 a signature whose fingerprint names one key of a person and whose key id another', async () => {
    const dora = await aKey('Dora', { subkeys: [{ sign: true }] })
    const [subkey] = dora.subkeys
    if (subkey === undefined) throw new Error('no subkey')
    const fingerprint = Uint8Array.from(Buffer.from(subkey.getFingerprint(), 'hex'))
    const twoFaced = Object.create(dora.keyPacket, {
      getFingerprintBytes: { value: () => fingerprint },
    }) as PrivateKey['keyPacket']
    const under = await fleet.policy([aPerson('dora', dora)], {
      acl: { file: grant(1, { dora: [dora, 1] }) },
    })
    const body = bodyOf(anAction(under))
    const bytes = preAuthEncoding('mig.action.v3', body)
    const primaryId = {
      type: 16,
      critical: false,
      body: Uint8Array.from(Buffer.from(dora.getKeyID().toHex(), 'hex')),
    }
    const judgeBy = async (keyPacket: PrivateKey['keyPacket']) => {
      const signer = { keyPacket, subkeys: [] } as unknown as PrivateKey
      const signature = await signByHand(bytes, signer, { unhashedSubpackets: [primaryId] })
      return judge(encodeEnvelope({ type: 'mig.action.v3', body, signatures: [signature] }), now, under)
    }
    expect(await judgeBy(dora.keyPacket)).toBe('authorized')
    expect(await judgeBy(twoFaced)).toBe('ignore no-valid-signature')
  })
  test('a person who is revoked by the policy does not count', async () => {
    const under = await aTestPolicy({ revoked: { people: ['bob'], peers: [], invitations: [] } })
    expect(await judge(await signed({}, [alice, bob], under), now, under)).toBe('refused not-permitted')
    expect(await judge(await signed({}, [bob], under), now, under)).toBe('ignore unknown-signer')
  })
})

/** The same primary key with other key flags in its self-signatures. */
async function restricted(key: PrivateKey, keyFlags: number[]): Promise<PrivateKey> {
  const [user] = key.users
  if (user === undefined) throw new Error('no user')
  const self = new SignaturePacket()
  Object.assign(self, {
    signatureType: enums.signature.certPositive,
    publicKeyAlgorithm: key.keyPacket.algorithm,
    hashAlgorithm: enums.hash.sha512,
    keyFlags: Uint8Array.from(keyFlags),
  })
  await signPacket(self, key.keyPacket, { userID: user.userID, key: key.keyPacket }, new Date(at(-60)), false)
  const certificate = key.toPublic()
  for (const other of certificate.users) other.selfCertifications = [self]
  return certificate as unknown as PrivateKey
}

function patchType(packet: Uint8Array, type: number): Uint8Array {
  const changed = Uint8Array.from(packet)
  // Header of two octets, or three from 192 bytes on; then the version and the type.
  changed[(changed[1] ?? 0) < 192 ? 3 : 4] = type
  return changed
}

function sorted(body: Record<string, unknown>): Record<string, unknown> {
  const sort = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sort)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => [key, sort(item)]),
    )
  }
  return sort(body) as Record<string, unknown>
}
