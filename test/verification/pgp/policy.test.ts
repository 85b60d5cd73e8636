import { enums, type PrivateKey, type PublicKey, PublicSubkeyPacket, SignaturePacket, Subkey } from 'openpgp'
import { beforeAll, describe, expect, test } from 'vitest'
import { concat } from '../../../node/core/bytes.ts'
import { base64Decode, base64Encode, utf8 } from '../../../node/core/encoding.ts'
import { MigError } from '../../../node/core/error.ts'
import { formatInstant } from '../../../node/core/instant.ts'
import type { PolicyBody } from '../../../node/core/policy.ts'
import { readCertificate } from '../../../node/verification/keyring.ts'
import {
  checkPolicyDraft,
  openPolicy,
  openRoot,
  succeeds,
} from '../../../node/verification/trusted-policy.ts'
import {
  accepted,
  aFleet,
  aKey,
  aPerson,
  aPolicy,
  aRoot,
  at,
  bodyOf,
  type Fleet,
  fingerprintOf,
  grant,
  knownModules,
  now,
  signPacket,
  verdictOf,
  wireOf,
} from './pgp-kit.ts'

let fleet: Fleet
let alice: PrivateKey
let bob: PrivateKey

beforeAll(async () => {
  fleet = await aFleet()
  ;[alice, bob] = await Promise.all([aKey('Alice'), aKey('Bobby')])
})

const people = () => [aPerson('alice', alice), aPerson('bob', bob)]
const entry = (change: Record<string, unknown>) =>
  ({ file: { ...grant(1, { alice: [alice, 1] }), ...change } }) as PolicyBody['acl']
const investigator = (change: Record<string, unknown>) =>
  entry({ investigators: { alice: { fingerprint: fingerprintOf(alice), weight: 1, ...change } } })

/** Every case is refused both when it arrives signed and when it is checked as a draft. */
async function refusal(members: PolicyBody['people'], change: Partial<PolicyBody> = {}): Promise<string> {
  let sentence = 'accepted'
  try {
    await checkPolicyDraft(aPolicy(fleet.root.fleet, members, change), fleet.root, knownModules)
  } catch (error) {
    if (!(error instanceof MigError)) throw error
    sentence = `${error.code}: ${error.message}`
  }
  const arrived = await offer(members, change)
  expect(arrived.startsWith('accept'), `draft: ${sentence}, arrived: ${arrived}`).toBe(
    sentence === 'accepted',
  )
  return sentence
}

async function offer(members: PolicyBody['people'], change: Partial<PolicyBody> = {}): Promise<string> {
  try {
    return verdictOf(await fleet.offer(members, change))
  } catch (error) {
    // Some of the cases have no canonical form, so nobody can even sign them.
    if (error instanceof TypeError) return 'not canonical'
    throw error
  }
}

describe('people and keys', () => {
  test('V28 one fingerprint under two names', async () => {
    expect(await refusal([aPerson('alice', alice), aPerson('alias', alice)])).toContain(
      `bad-policy: person 'alias', key ${fingerprintOf(alice)}: ${fingerprintOf(alice)} is already a key of 'alice'`,
    )
  })
  test('V28 one signing subkey under two names', async () => {
    const dora = await aKey('Dora', { subkeys: [{ sign: true }] })
    const fergus = await aKey('Fergus')
    const both = await withSubkeyOf(fergus, dora)
    expect(await refusal([aPerson('dora', dora), aPerson('fergus', both)])).toMatch(
      /^bad-policy: person 'fergus'.*is already a key of 'dora'$/,
    )
  })
  test('one name twice', async () => {
    expect(await refusal([aPerson('alice', alice), aPerson('alice', bob)])).toBe(
      "bad-policy: person 'alice' stands there twice",
    )
  })
  test('a certificate that is not what its fingerprint says', async () => {
    const { certificate } = aPerson('bob', bob).keys[0] as { certificate: string }
    expect(
      await refusal([{ name: 'alice', keys: [{ fingerprint: fingerprintOf(alice), certificate }] }]),
    ).toContain('the certificate is that of')
  })
  test('V51 a version 6 fingerprint cut short, a key id, a prefix, blanks', async () => {
    const full = fingerprintOf(alice)
    for (const fingerprint of [
      full.slice(0, 16),
      `0x${full}`,
      full.replace(/(.{4})/g, '$1 '),
      full.slice(0, 39),
      `${full}AB`,
    ]) {
      const [key] = aPerson('alice', alice).keys as [{ fingerprint: string; certificate: string }]
      expect(await refusal([{ name: 'alice', keys: [{ ...key, fingerprint }] }]), fingerprint).toMatch(
        /^bad-policy: people\[0\]\.keys\[0\]\.fingerprint: expected a full/,
      )
      expect(await refusal(people(), { acl: investigator({ fingerprint }) }), fingerprint).toMatch(/^bad-acl/)
    }
    const version6 = await aKey('Six', { type: 'curve25519', config: { v6Keys: true } })
    const [key] = aPerson('six', version6).keys as [{ fingerprint: string; certificate: string }]
    expect(await refusal([{ name: 'six', keys: [key] }])).toBe('accepted')
    expect(
      await refusal([{ name: 'six', keys: [{ ...key, fingerprint: key.fingerprint.slice(0, 40) }] }]),
    ).toContain('the certificate is that of')
  })
  test('V52 a fingerprint in lower case is the same in the ACL, and another document among the people', async () => {
    expect(
      await refusal(people(), { acl: investigator({ fingerprint: fingerprintOf(alice).toLowerCase() }) }),
    ).toBe('accepted')
  })
  test('V53 two certificates in one, a private key, more than 16 KiB', async () => {
    const fingerprint = fingerprintOf(alice)
    const refusalOf = (bytes: Uint8Array) =>
      refusal([{ name: 'alice', keys: [{ fingerprint, certificate: base64Encode(bytes) }] }])
    expect(await refusalOf(concat([alice.toPublic().write(), bob.toPublic().write()]))).toContain(
      'expected one OpenPGP public key, got 2',
    )
    expect(await refusalOf(alice.write())).toContain('is a private key')
    expect(await refusalOf(concat([alice.toPublic().write(), new Uint8Array(16 * 1024)]))).toMatch(
      /^bad-policy/,
    )
    expect(await refusalOf(utf8('not a key'))).toContain('not an OpenPGP public key')
  })
  test('enrollers, stoppers and the revoked are people of this policy', async () => {
    expect(await refusal(people(), { enrollers: [{ person: 'nobody', roles: ['agent'] }] })).toBe(
      "bad-policy: enrollers: 'nobody' is nobody in this policy",
    )
    expect(await refusal(people(), { stop: ['nobody'] })).toBe(
      "bad-policy: stop: 'nobody' is nobody in this policy",
    )
    expect(await refusal(people(), { revoked: { people: ['nobody'], peers: [], invitations: [] } })).toBe(
      "bad-policy: revoked.people: 'nobody' is nobody in this policy",
    )
  })
  test('who may enrol and stop, and who not once they are revoked', async () => {
    const change = { enrollers: [{ person: 'alice', roles: ['agent' as const] }], stop: ['alice'] }
    const open = await fleet.policy(people(), change)
    expect([
      open.mayEnrol('alice', 'agent'),
      open.mayEnrol('alice', 'relay'),
      open.mayEnrol('bob', 'agent'),
      open.mayStop('alice'),
      open.mayStop('bob'),
    ]).toEqual([true, false, false, true, false])
    const closed = await fleet.policy(people(), {
      ...change,
      revoked: { people: ['alice'], peers: [], invitations: [] },
    })
    expect([
      closed.mayEnrol('alice', 'agent'),
      closed.mayStop('alice'),
      closed.keyring.keysOf('alice').length,
    ]).toEqual([false, false, 0])
    expect(closed.personOf(open.keyring.keysOf('alice')[0]?.fingerprint as never)).toBe('alice')
  })
})

describe('the ACL', () => {
  test.each([0, -1, 1.5, '1', null, 1e308, 1001])('V55 weight %j', async (weight) => {
    expect(await refusal(people(), { acl: investigator({ weight }) })).toMatch(/^bad-(acl|policy)/)
  })
  test.each([0, -1, null, '1', 1.5, 1001, undefined])('V56 minimum weight %j', async (minimumweight) => {
    expect(await refusal(people(), { acl: entry({ minimumweight }) })).toMatch(/^bad-(acl|policy)/)
  })
  test('V58 a typo in the name of a module', async () => {
    expect(await refusal(people(), { acl: { fiel: grant(1, { alice: [alice, 1] }) } })).toBe(
      "bad-acl: ACL entry 'fiel': no such module",
    )
  })
  test('V59 a minimum that nobody can reach', async () => {
    expect(await refusal(people(), { acl: { file: grant(3, { alice: [alice, 1], bob: [bob, 1] }) } })).toBe(
      "bad-acl: ACL entry 'file': minimum weight 3 cannot be reached, all weights together are 2",
    )
    expect(await refusal(people(), { acl: { file: grant(2, { alice: [alice, 1], bob: [bob, 1] }) } })).toBe(
      'accepted',
    )
  })
  test('V07 a dangerous key in a draft', async () => {
    const hostile = JSON.parse(
      '{"__proto__": {"minimumweight": 1, "investigators": {}}}',
    ) as PolicyBody['acl']
    expect(await refusal(people(), { acl: hostile })).toBe('bad-policy: acl.__proto__: is a dangerous key')
  })
})

describe('how a policy arrives', () => {
  test('signed by somebody who is not of the root', async () => {
    expect(await opened([alice])).toBe('ignore unknown-signer')
    expect(await opened([])).toBe('ignore unknown-signer')
  })
  test('of another fleet, of another version, from the future', async () => {
    expect(await opened([fleet.rootKey], aPolicy('a'.repeat(52), people()))).toBe('reject wrong-fleet')
    expect(await opened([fleet.rootKey], { ...aPolicy(fleet.root.fleet, people()), v: 2 })).toBe(
      'ignore unsupported',
    )
    expect(
      await opened(
        [fleet.rootKey],
        aPolicy(fleet.root.fleet, people(), { issuedat: formatInstant(at(301)) }),
      ),
    ).toBe('ignore not-yet-valid')
  })
  test('a threshold of two is two people', async () => {
    const [first, second] = await Promise.all([aKey('First'), aKey('Second')])
    const twoOfTwo = aRoot([aPerson('first', first), aPerson('second', second)], { threshold: 2 })
    const rootBy = async (...keys: PrivateKey[]) =>
      openRoot(await wireOf('mig.root.v1', twoOfTwo, keys), undefined, now)
    expect(verdictOf(await rootBy(first))).toBe('ignore no-valid-signature')
    expect(verdictOf(await rootBy(first, first))).toBe('ignore no-valid-signature')
    const root = accepted(await rootBy(first, second))
    const policyBy = async (...keys: PrivateKey[]) =>
      verdictOf(
        await openPolicy(
          await wireOf('mig.policy.v1', aPolicy(root.fleet, people()), keys),
          root,
          knownModules,
          now,
        ),
      )
    expect(await policyBy(first)).toBe('ignore no-valid-signature')
    expect(await policyBy(second, first)).toBe('accept')
  })
  const opened = async (keys: PrivateKey[], body = aPolicy(fleet.root.fleet, people())) =>
    verdictOf(await openPolicy(await wireOf('mig.policy.v1', body, keys), fleet.root, knownModules, now))

  test('V69 a lower version, another of the same, too far a jump, another fleet', async () => {
    const [second, other, first] = await Promise.all([
      fleet.policy(people(), { version: 2 }),
      fleet.policy(people(), { version: 2, stop: ['bob'] }),
      fleet.policy(people()),
    ])
    expect(verdictOf(succeeds(undefined, second))).toBe('accept')
    expect(verdictOf(succeeds(first, second))).toBe('accept')
    expect(verdictOf(succeeds(second, second))).toBe('ignore already-held')
    expect(verdictOf(succeeds(second, first))).toBe('ignore older')
    expect(verdictOf(succeeds(second, other))).toBe('ignore equivocation')
    expect(verdictOf(succeeds(first, await fleet.policy(people(), { version: 1001 })))).toBe('accept')
    expect(verdictOf(succeeds(first, await fleet.policy(people(), { version: 1002 })))).toBe(
      'ignore not-permitted',
    )
    const elsewhere = await aFleet()
    expect(verdictOf(succeeds(first, await elsewhere.policy(people(), { version: 2 })))).toBe(
      'reject wrong-fleet',
    )
  })
})

describe('a root', () => {
  test('is the fleet by its hash, and needs a signature of its own people', async () => {
    expect(verdictOf(await openRoot(fleet.root.bytes, fleet.root.fleet, now))).toBe('accept')
    expect(verdictOf(await openRoot(fleet.root.bytes, 'a'.repeat(52), now))).toBe('reject wrong-fleet')
    expect(
      verdictOf(
        await openRoot(await wireOf('mig.root.v1', aRoot([aPerson('root', alice)]), [bob]), undefined, now),
      ),
    ).toBe('ignore unknown-signer')
    expect(
      verdictOf(
        await openRoot(
          await wireOf('mig.root.v1', aRoot([aPerson('root', alice)], { version: 2 }), [alice]),
          undefined,
          now,
        ),
      ),
    ).toBe('ignore unsupported')
  })
  test('stays the fleet when the key that signed it has expired since', async () => {
    const short = await aKey('Short', {
      keyExpirationTime: (now - Date.parse('2026-01-01T00:00:00Z')) / 1000 + 60,
    })
    const wire = await wireOf('mig.root.v1', aRoot([aPerson('root', short)]), [short])
    const root = accepted(await openRoot(wire, undefined, now))
    expect(verdictOf(await openRoot(wire, root.fleet, at(120)))).toBe('accept')
    expect(verdictOf(await openRoot(wire, undefined, at(120)))).toBe('ignore no-valid-signature')
    // What it signed keeps its worth for whoever took it in time, and has none for a newcomer.
    const policy = await wireOf('mig.policy.v1', aPolicy(root.fleet, people()), [short])
    expect(verdictOf(await openPolicy(policy, root, knownModules, now))).toBe('accept')
    expect(verdictOf(await openPolicy(policy, root, knownModules, at(120)))).toBe('ignore no-valid-signature')
  })
})

describe('a draft', () => {
  test('warns of keys that cannot sign or cannot be read to', async () => {
    const signOnly = await aKey('Signer', { subkeys: [] })
    const weak = await aKey('Weakling', { type: 'rsa', rsaBits: 2048 })
    const revoked = await (await aKey('Revoked')).revoke(
      { flag: enums.reasonForRevocation.keyRetired },
      new Date(at(-10)),
    )
    const members = [
      aPerson('alice', alice),
      aPerson('signer', signOnly),
      aPerson('weakling', weak),
      aPerson('revoked', revoked),
    ]
    const draft = await checkPolicyDraft(aPolicy(fleet.root.fleet, members), fleet.root, knownModules, now)
    expect(draft.warnings.map((warning) => warning.replace(/[0-9A-F]{40}/g, 'KEY'))).toEqual([
      'signer: no key that answers can be encrypted to',
      expect.stringMatching(/^weakling: key KEY cannot sign: .*3072/),
      'weakling: no key that answers can be encrypted to',
      'revoked: every key is revoked',
    ])
  })
  test('gives the bytes that will be signed, and their hash', async () => {
    const draft = await checkPolicyDraft(aPolicy(fleet.root.fleet, people()), fleet.root, knownModules)
    expect(draft.body).toEqual(bodyOf(aPolicy(fleet.root.fleet, people())))
    expect(draft.hash).toBe((await fleet.policy(people())).hash)
  })
  test('for another fleet is refused by that name', async () => {
    await expect(
      checkPolicyDraft(aPolicy('a'.repeat(52), people()), fleet.root, knownModules),
    ).rejects.toMatchObject({ code: 'wrong-fleet' })
    await expect(checkPolicyDraft('text', fleet.root, knownModules)).rejects.toMatchObject({
      code: 'bad-policy',
    })
  })
})

describe('a certificate', () => {
  test('loses what others have put on it', async () => {
    const certified = await alice.toPublic().signAllUsers([bob], new Date(at(-60)))
    expect(certified.write().length).toBeGreaterThan(alice.toPublic().write().length)
    const read = await readCertificate(certified.armor())
    expect(read.binary).toEqual((await readCertificate(alice.toPublic().write())).binary)
    expect(read.fingerprint).toBe(fingerprintOf(alice))
    expect(read.userIds).toEqual(['Alice <alice@example.org>'])
  })
  test('is read armored, binary, and as bytes of armored text', async () => {
    const armored = alice.toPublic().armor()
    const read = await Promise.all([
      readCertificate(armored),
      readCertificate(utf8(armored)),
      readCertificate(alice.toPublic().write()),
    ])
    expect(new Set(read.map(({ binary }) => base64Encode(binary))).size).toBe(1)
  })
  test('is refused when it is private, several, too large or nothing', async () => {
    for (const input of [
      alice.armor(),
      alice.write(),
      alice.toPublic().armor() + bob.toPublic().armor(),
      'x'.repeat(300_000),
      '',
      new Uint8Array(),
    ]) {
      await expect(readCertificate(input)).rejects.toMatchObject({ code: 'bad-key' })
    }
  })
  test('is refused when its self-signature is over SHA-1', async () => {
    const key = await aKey('Oldtimer', { curve: 'nistP256', subkeys: [] })
    const certificateBy = async (hashAlgorithm: enums.hash) => {
      const [user] = key.users
      if (user?.userID == null) throw new Error('no user')
      const fields = {
        signatureType: enums.signature.certPositive,
        publicKeyAlgorithm: key.keyPacket.algorithm,
        hashAlgorithm,
        keyFlags: new Uint8Array([3]),
      }
      const self = Object.assign(new SignaturePacket(), fields)
      await signPacket(
        self,
        key.keyPacket,
        { userID: user.userID, key: key.keyPacket },
        new Date(at(-60)),
        false,
      )
      const certificate = key.toPublic()
      for (const other of certificate.users) other.selfCertifications = [self]
      return certificate.write()
    }
    expect((await readCertificate(await certificateBy(enums.hash.sha256))).userIds).toHaveLength(1)
    await expect(readCertificate(await certificateBy(enums.hash.sha1))).rejects.toMatchObject({
      code: 'bad-key',
      message: expect.stringContaining('SHA-1'),
    })
  })
  test('survives what is normalised twice', async () => {
    const once = await readCertificate(alice.toPublic().write())
    expect((await readCertificate(once.binary)).binary).toEqual(once.binary)
    expect(base64Decode(base64Encode(once.binary))).toEqual(once.binary)
  })
})

/** A certificate of `key` that also lists, with its consent, the signing subkey of `owner`. */
async function withSubkeyOf(key: PrivateKey, owner: PrivateKey): Promise<PublicKey> {
  const secret = owner.subkeys[0]?.keyPacket
  const packet = owner.toPublic().subkeys[0]?.keyPacket
  if (secret === undefined || !(packet instanceof PublicSubkeyPacket)) throw new Error('no subkey')
  const data = { key: key.keyPacket, bind: packet }
  const consent = Object.assign(new SignaturePacket(), {
    signatureType: enums.signature.keyBinding,
    publicKeyAlgorithm: packet.algorithm,
    hashAlgorithm: enums.hash.sha512,
  })
  await signPacket(consent, secret, data, new Date(at(-60)), false)
  const binding = Object.assign(new SignaturePacket(), {
    signatureType: enums.signature.subkeyBinding,
    publicKeyAlgorithm: key.keyPacket.algorithm,
    hashAlgorithm: enums.hash.sha512,
    keyFlags: new Uint8Array([enums.keyFlags.signData]),
    embeddedSignature: consent,
  })
  await signPacket(binding, key.keyPacket, data, new Date(at(-60)), false)
  const subkey = new Subkey(packet, key)
  subkey.bindingSignatures.push(binding)
  return Object.assign(key.toPublic(), { subkeys: [subkey] })
}
