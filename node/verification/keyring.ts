import { enums, type PublicKey, readKeys, type SignaturePacket, type Subkey, type User } from 'openpgp'
import type { PersonName } from '../core/acl.ts'
import type { Instant } from '../core/clock.ts'
import { base64Decode, utf8Decode } from '../core/encoding.ts'
import { MigError, messageOf } from '../core/error.ts'
import { type Fingerprint, parseFingerprint } from '../core/fingerprint.ts'
import { maxImportedCertificateBytes, maxPgpCertificateBytes } from '../core/limits.ts'
import type { Policy } from '../core/policy.ts'
import { anyTime, pgpConfig, revocationConfig } from './pgp-config.ts'

/** One certificate of one person, parsed once: the library remembers in it which self-signatures it has checked. */
export interface PgpKey {
  /** Primary key. */
  readonly fingerprint: Fingerprint
  readonly person: PersonName
  readonly key: PublicKey
  /** Can something be encrypted to it at this time? A gpg sign-only key cannot. */
  canEncrypt(now: Instant): Promise<boolean>
}

/** The keys of the people whose signatures count. */
export interface Keyring {
  /** By the fingerprint of a primary key or of a bound, cross-signed signing subkey. Never by key id.
   *  Revoked keys and the keys of revoked people are not found. */
  byAnyFingerprint(fingerprint: string): PgpKey | undefined
  keysOf(person: PersonName): readonly PgpKey[]
  /** Every primary key of the document, revoked or not. */
  readonly peopleByFingerprint: ReadonlyMap<Fingerprint, PersonName>
}

export interface PgpCertificate {
  readonly fingerprint: Fingerprint
  /** Normalised: one primary, public material only, no third party's signatures, no unbound subkeys, ≤ 16 KiB. */
  readonly binary: Uint8Array
  readonly userIds: readonly string[]
}

/** Reads and normalises one public key, armored or binary.
 *  @throws MigError `bad-key` */
export async function readCertificate(input: Uint8Array | string): Promise<PgpCertificate> {
  const { key, fingerprint } = await normalised(input)
  return { fingerprint, binary: key.write(), userIds: key.getUserIDs() }
}

/** Parses the certificates of a root's or a policy's people.
 *  @param revoked people whose keys must not be found
 *  @throws MigError `bad-policy` when a certificate is not what its fingerprint says, a name stands there twice or one key has two owners */
export async function readKeyring(
  people: Policy['people'],
  revoked: ReadonlySet<PersonName>,
): Promise<Keyring> {
  const peopleByFingerprint = new Map<Fingerprint, PersonName>()
  const bySigner = new Map<string, PgpKey>()
  const byPerson = new Map<PersonName, PgpKey[]>()
  const ownerOf = new Map<string, PersonName>()
  for (const person of people) {
    if (byPerson.has(person.name))
      throw new MigError('bad-policy', `person '${person.name}' stands there twice`)
    const keys: PgpKey[] = []
    byPerson.set(person.name, keys)
    for (const { fingerprint, certificate } of person.keys) {
      const at = `person '${person.name}', key ${fingerprint}`
      const parsed = await certificateOf(certificate, at)
      if (parsed.fingerprint !== fingerprint)
        throw new MigError('bad-policy', `${at}: the certificate is that of ${parsed.fingerprint}`)
      for (const signer of parsed.signers) {
        const owner = ownerOf.get(signer)
        if (owner !== undefined)
          throw new MigError('bad-policy', `${at}: ${signer} is already a key of '${owner}'`)
        ownerOf.set(signer, person.name)
      }
      peopleByFingerprint.set(fingerprint, person.name)
      if (parsed.revoked || revoked.has(person.name)) continue
      const pgpKey = toPgpKey(parsed.key, fingerprint, person.name)
      keys.push(pgpKey)
      for (const signer of parsed.signers) bySigner.set(signer, pgpKey)
    }
  }
  return {
    byAnyFingerprint: (fingerprint) => bySigner.get(fingerprint),
    keysOf: (person) => byPerson.get(person) ?? [],
    peopleByFingerprint,
  }
}

function toPgpKey(key: PublicKey, fingerprint: Fingerprint, person: PersonName): PgpKey {
  return {
    fingerprint,
    person,
    key,
    canEncrypt: async (now) => {
      try {
        await key.getEncryptionKey(undefined, new Date(now), undefined, pgpConfig)
        return true
      } catch {
        return false
      }
    },
  }
}

interface ParsedCertificate {
  readonly key: PublicKey
  readonly fingerprint: Fingerprint
  /** Upper-case fingerprints of the primary key and of every subkey that may sign. */
  readonly signers: readonly string[]
  readonly revoked: boolean
}

async function certificateOf(base64: string, at: string): Promise<ParsedCertificate> {
  const bytes = base64Decode(base64)
  if (bytes === undefined || bytes.length > maxPgpCertificateBytes)
    throw new MigError(
      'bad-policy',
      `${at}: the certificate is not base64 of at most ${maxPgpCertificateBytes} bytes`,
    )
  try {
    return await normalised(bytes)
  } catch (error) {
    throw new MigError('bad-policy', `${at}: ${messageOf(error)}`, { cause: error })
  }
}

async function normalised(input: Uint8Array | string): Promise<ParsedCertificate> {
  const key = await onePublicKey(input)
  const fingerprint = parseFingerprint(key.getFingerprint())
  if (fingerprint === undefined)
    throw new MigError('bad-key', 'only OpenPGP keys of version 4 and 6 are supported')
  const { curve } = key.getAlgorithmInfo()
  if (curve !== undefined && pgpConfig.rejectCurves.has(curve as enums.curve)) {
    throw new MigError('bad-key', `key ${fingerprint} is on the curve ${curve}, which is not supported`)
  }
  await keepOwnSignatures(key)
  const subkeys: Subkey[] = []
  const signers: string[] = [fingerprint]
  for (const subkey of key.subkeys) {
    const use = await useOf(subkey)
    if (use === undefined) continue
    subkeys.push(subkey)
    if (use === 'sign') signers.push(subkey.getFingerprint().toUpperCase())
  }
  key.subkeys = subkeys
  const size = key.write().length
  if (size > maxPgpCertificateBytes)
    throw new MigError(
      'bad-key',
      `key ${fingerprint} has ${size} bytes, at most ${maxPgpCertificateBytes} are allowed`,
    )
  // The strictest reading: whoever revokes a key, for whatever reason and date, means it not to be used from now on.
  const revoked = await key.isRevoked(undefined, undefined, anyTime, revocationConfig)
  return { key, fingerprint, signers, revoked }
}

async function onePublicKey(input: Uint8Array | string): Promise<PublicKey> {
  const text = typeof input === 'string' ? input : armoredText(input)
  const size = text?.length ?? input.length
  if (size > maxImportedCertificateBytes)
    throw new MigError(
      'bad-key',
      `expected a public key of at most ${maxImportedCertificateBytes} bytes, got ${size}`,
    )
  // The library reads the first block and says nothing of the others.
  if (text !== undefined && text.split('-----BEGIN ').length > 2)
    throw new MigError('bad-key', 'expected one OpenPGP public key, got several blocks')
  let keys: PublicKey[]
  try {
    keys =
      text === undefined
        ? await readKeys({ binaryKeys: input as Uint8Array, config: pgpConfig })
        : await readKeys({ armoredKeys: text, config: pgpConfig })
  } catch (error) {
    throw new MigError('bad-key', `not an OpenPGP public key: ${messageOf(error)}`, { cause: error })
  }
  const [key] = keys
  if (key === undefined || keys.length > 1)
    throw new MigError('bad-key', `expected one OpenPGP public key, got ${keys.length}`)
  if (key.isPrivate()) {
    throw new MigError('bad-key', `${key.getFingerprint().toUpperCase()} is a private key`, {
      hint: 'give the public key: gpg --export FINGERPRINT',
    })
  }
  return key
}

/** An armored block starts with dashes; a binary packet never does. */
function armoredText(bytes: Uint8Array): string | undefined {
  return bytes[0] === 0x2d || bytes[0] === 0x0a || bytes[0] === 0x0d ? utf8Decode(bytes) : undefined
}

/** Drops every signature that is not the key's own and valid, and every user id without one. */
async function keepOwnSignatures(key: PublicKey): Promise<void> {
  const primary = key.keyPacket
  // The library keeps direct-key signatures in a field that its types leave out.
  const withDirect = key as PublicKey & { directSignatures: SignaturePacket[] }
  const holds = (signature: SignaturePacket, type: enums.signature, data: object, config = pgpConfig) =>
    signature.verify(primary, type, data, anyTime, false, config).then(
      () => true,
      () => false,
    )
  withDirect.directSignatures = await filterAsync(withDirect.directSignatures, (signature) =>
    signature.signatureType === enums.signature.key
      ? holds(signature, enums.signature.key, { key: primary })
      : Promise.resolve(false),
  )
  key.revocationSignatures = await filterAsync(key.revocationSignatures, (signature) =>
    holds(signature, enums.signature.keyRevocation, { key: primary }, revocationConfig),
  )
  const users: User[] = []
  for (const user of key.users) {
    if (user.userID === null) continue
    const data = { userID: user.userID, userAttribute: null, key: primary }
    user.otherCertifications = []
    user.selfCertifications = await filterAsync(user.selfCertifications, (signature) =>
      holds(signature, enums.signature.certGeneric, data),
    )
    if (await user.verify(anyTime, pgpConfig).catch(() => false)) users.push(user)
  }
  key.users = users
  if (users.length === 0 && withDirect.directSignatures.length === 0) {
    throw new MigError(
      'bad-key',
      `key ${key.getFingerprint().toUpperCase()} has no valid self-signature (SHA-1 and MD5 do not count)`,
    )
  }
}

/** What a subkey is bound for; undefined for one that is unbound, revoked, or claims to sign without its own consent. */
async function useOf(subkey: Subkey): Promise<'sign' | 'other' | undefined> {
  const primary = subkey.mainKey.keyPacket
  const data = { key: primary, bind: subkey.keyPacket }
  subkey.bindingSignatures = await filterAsync(subkey.bindingSignatures, (signature) =>
    signature.verify(primary, enums.signature.subkeyBinding, data, anyTime, false, pgpConfig).then(
      () => true,
      () => false,
    ),
  )
  try {
    if (await isRevoked(subkey)) return undefined
    const binding = await subkey.verify(anyTime, pgpConfig)
    if (((binding.keyFlags?.[0] ?? 0) & enums.keyFlags.signData) === 0) return 'other'
    // Without the subkey's own signature anybody could list another's key as theirs.
    await binding.embeddedSignature?.verify(
      subkey.keyPacket,
      enums.signature.keyBinding,
      data,
      anyTime,
      false,
      pgpConfig,
    )
    return binding.embeddedSignature === null ? undefined : 'sign'
  } catch {
    return undefined
  }
}

function isRevoked(subkey: Subkey): Promise<boolean> {
  // The library's types ask for a signature and a key; it takes neither for "is it revoked at all".
  const unset = undefined as unknown as never
  return subkey.isRevoked(unset, unset, anyTime, revocationConfig)
}

async function filterAsync<T>(items: readonly T[], keep: (item: T) => Promise<boolean>): Promise<T[]> {
  const kept: T[] = []
  for (const item of items) if (await keep(item)) kept.push(item)
  return kept
}
