import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMessage, encrypt, readKey } from 'openpgp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Instant } from '../../../node/core/clock.ts'
import { base64Encode, base64UrlDecode, utf8 } from '../../../node/core/encoding.ts'
import { preAuthEncoding } from '../../../node/core/envelope.ts'
import { createKeyFileSigner } from '../../../node/verification/key-file-signer.ts'
import {
  createKeyFile,
  exportCertificate,
  findKeyFile,
  importKeyFile,
  type KeyFile,
  listKeyFiles,
  readKeyFile,
} from '../../../node/verification/key-store.ts'
import { type PgpKey, readCertificate, readKeyring } from '../../../node/verification/keyring.ts'
import { openReplyKey, readersWithout, sealReplyKey } from '../../../node/verification/reply-keys.ts'
import { readSignatureHeader } from '../../../node/verification/signature-packet.ts'
import { verifySignatures } from '../../../node/verification/verify-signatures.ts'
import { aKey, at, fingerprintOf, now } from './pgp-kit.ts'

const passphrase = 'correct horse'
let home: string
let directory: string
let ada: KeyFile

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'key-files-'))
  directory = join(home, 'keys')
  ada = await createKeyFile(directory, 'Ada Lovelace <ada@example.org>', passphrase)
})
afterAll(() => rm(home, { recursive: true, force: true }))

const signerOf = (file: KeyFile, word = passphrase) =>
  createKeyFileSigner(file, { askPassphrase: async () => word })

async function keyOf(person: string, certificate: Uint8Array): Promise<PgpKey> {
  const { fingerprint } = await readCertificate(certificate)
  const keyring = await readKeyring(
    [{ name: person, keys: [{ fingerprint, certificate: base64Encode(certificate) }] }],
    new Set(),
  )
  const [key] = keyring.keysOf(person)
  if (key === undefined) throw new Error('no key')
  return key
}

test('a new key file is encrypted, for its owner only, in a directory for its owner only', async () => {
  expect([(await stat(ada.path)).mode & 0o777, (await stat(directory)).mode & 0o777]).toEqual([0o600, 0o700])
  const text = await readFile(ada.path, 'utf8')
  const key = await readKey({ armoredKey: text })
  expect(key.isPrivate() && !key.isDecrypted()).toBe(true)
  // What gpg 2.2 can use: the older names of Ed25519 and X25519.
  expect([key.getAlgorithmInfo().algorithm, key.subkeys[0]?.getAlgorithmInfo().algorithm]).toEqual([
    'eddsaLegacy',
    'ecdh',
  ])
})

test('it is listed and found by its fingerprint', async () => {
  expect(await listKeyFiles(directory)).toEqual([ada])
  expect(await findKeyFile(directory, ada.fingerprint)).toEqual(ada)
  expect([ada.userIds, await listKeyFiles(join(home, 'nothing'))]).toEqual([
    ['Ada Lovelace <ada@example.org>'],
    [],
  ])
  await expect(findKeyFile(directory, 'A'.repeat(40) as never)).rejects.toMatchObject({ code: 'not-found' })
})

test('what it signs is one binary SHA-512 signature that holds', async () => {
  const signer = signerOf(ada)
  const body = utf8('{}')
  const signature = await signer.sign(preAuthEncoding('mig.action.v3', body))
  expect(readSignatureHeader(signature)).toEqual({ type: 0, hash: 10, issuer: ada.fingerprint })
  const certificate = base64Encode(await signer.publicCertificate())
  const keyring = await readKeyring(
    [{ name: 'ada', keys: [{ fingerprint: ada.fingerprint, certificate }] }],
    new Set(),
  )
  const time = Date.now() as Instant
  const { persons } = await verifySignatures(
    { type: 'mig.action.v3', body, signatures: [signature] },
    keyring,
    { issuedAt: time, now: time },
  )
  expect([...persons]).toEqual(['ada'])
})

test('the passphrase is asked for once, when it is needed, and again only after a wrong one', async () => {
  const words = ['wrong', passphrase]
  const asked: string[] = []
  const signer = createKeyFileSigner(ada, {
    askPassphrase: async (fingerprint) => {
      asked.push(fingerprint)
      return words.shift() ?? ''
    },
  })
  await signer.publicCertificate()
  expect(asked).toEqual([])
  await expect(signer.sign(utf8('x'))).rejects.toMatchObject({ code: 'bad-passphrase' })
  await Promise.all([signer.sign(utf8('x')), signer.sign(utf8('y'))])
  await signer.sign(utf8('z'))
  expect(asked).toEqual([ada.fingerprint, ada.fingerprint])
})

test('no error and no certificate holds the passphrase or the opened key', async () => {
  const error = await signerOf(ada, 'hunter2hunter2')
    .sign(utf8('x'))
    .catch((thrown: unknown) => thrown as Error)
  expect(`${String(error)}${JSON.stringify(error)}`).not.toContain('hunter2')
  expect((await readKey({ binaryKey: await exportCertificate(ada) })).isPrivate()).toBe(false)
})

test('a file that others can read is refused, whoever they are', async () => {
  for (const mode of [0o640, 0o604, 0o660, 0o601]) {
    await chmod(ada.path, mode)
    await expect(readKeyFile(ada.path), mode.toString(8)).rejects.toMatchObject({ code: 'state-mode' })
  }
  await chmod(ada.path, 0o600)
  expect((await readKeyFile(ada.path)).fingerprint).toBe(ada.fingerprint)
})

test('import takes a key with and without a passphrase and always writes it encrypted', async () => {
  const plain = await aKey('Plain Person')
  const imported = await importKeyFile(directory, plain.armor(), passphrase)
  expect(imported.fingerprint).toBe(fingerprintOf(plain))
  await expect(signerOf(imported).sign(utf8('x'))).resolves.toBeInstanceOf(Uint8Array)
  const again = join(home, 'again')
  await expect(importKeyFile(again, imported.armored, 'not it')).rejects.toMatchObject({
    code: 'bad-passphrase',
  })
  expect((await importKeyFile(again, utf8(imported.armored), passphrase)).fingerprint).toBe(
    imported.fingerprint,
  )
})

test('no key is overwritten, and no link is followed', async () => {
  const plain = await aKey('Once Only')
  await importKeyFile(directory, plain.write(), passphrase)
  await expect(importKeyFile(directory, plain.write(), 'another')).rejects.toMatchObject({
    code: 'bad-input',
  })
  const trap = join(home, 'trap')
  const other = await aKey('Link Follower')
  await mkdir(trap)
  await symlink(join(home, 'elsewhere'), join(trap, `${fingerprintOf(other)}.asc`))
  await expect(importKeyFile(trap, other.write(), passphrase)).rejects.toMatchObject({ code: 'bad-input' })
  expect(await readdir(home)).not.toContain('elsewhere')
})

test('what is no usable key is refused by its code', async () => {
  const weak = await aKey('Weak Person', { type: 'rsa', rsaBits: 2048 })
  await expect(importKeyFile(directory, weak.armor(), passphrase)).rejects.toMatchObject({
    code: 'bad-key',
    message: expect.stringContaining('3072'),
  })
  await expect(importKeyFile(directory, weak.toPublic().armor(), passphrase)).rejects.toMatchObject({
    code: 'bad-key',
  })
  await expect(
    importKeyFile(directory, (await aKey('First Of Two')).armor() + weak.armor(), passphrase),
  ).rejects.toMatchObject({ code: 'bad-key' })
  await expect(importKeyFile(directory, 'no key', passphrase)).rejects.toMatchObject({ code: 'bad-key' })
  await expect(importKeyFile(directory, 'x'.repeat(300_000), passphrase)).rejects.toMatchObject({
    code: 'bad-key',
  })
  await expect(createKeyFile(directory, 'Ada Lovelace <ada@example.org>', '')).rejects.toMatchObject({
    code: 'bad-passphrase',
  })
  await expect(createKeyFile(directory, 'Ada', passphrase)).rejects.toMatchObject({ code: 'usage' })
  const plain = join(home, 'plain.asc')
  await writeFile(plain, (await aKey('Open Person')).armor(), { mode: 0o600 })
  await expect(readKeyFile(plain)).rejects.toMatchObject({ code: 'bad-key' })
})

test('a reply key is opened by each of its readers, by nobody else, and only if it is the one that was named', async () => {
  const bob = await createKeyFile(directory, 'Bobby Tables <bob@example.org>', passphrase)
  const eve = await createKeyFile(directory, 'Eve Dropper <eve@example.org>', passphrase)
  const readers = await Promise.all([
    keyOf('ada', await exportCertificate(ada)),
    keyOf('bob', await exportCertificate(bob)),
  ])
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i + 1)
  const sealed = await sealReplyKey(secret, readers)
  expect(Buffer.from(sealed).includes(Buffer.from(secret))).toBe(false)
  expect(await openReplyKey(sealed, signerOf(ada))).toEqual(secret)
  expect(await openReplyKey(sealed, signerOf(bob))).toEqual(secret)
  await expect(openReplyKey(sealed, signerOf(eve))).rejects.toMatchObject({ code: 'bad-key' })
  await expect(openReplyKey(sealed, signerOf(ada), new Uint8Array(32))).rejects.toMatchObject({
    code: 'bad-key',
  })
})

test('the public half that an action names is that of the private half', async () => {
  const reader = await keyOf('ada', await exportCertificate(ada))
  const pair = generateKeyPairSync('x25519')
  const jwk = pair.privateKey.export({ format: 'jwk' })
  const [secret, x25519] = [base64UrlDecode(jwk.d ?? ''), base64UrlDecode(jwk.x ?? '')]
  if (secret === undefined || x25519 === undefined) throw new Error('no key pair')
  expect(await openReplyKey(await sealReplyKey(secret, [reader]), signerOf(ada), x25519)).toEqual(secret)
})

test('who cannot read is named, and nothing is sealed', async () => {
  const reader = await keyOf('ada', await exportCertificate(ada))
  const signOnly = await keyOf('signer', (await aKey('Signer', { subkeys: [] })).toPublic().write())
  expect(await readersWithout([reader, signOnly], now)).toEqual(['ada', 'signer'])
  expect(await readersWithout([reader, signOnly])).toEqual(['signer'])
  await expect(sealReplyKey(new Uint8Array(32), [reader, signOnly])).rejects.toMatchObject({
    code: 'bad-key',
    message: expect.stringMatching(/^signer cannot read/),
  })
  await expect(sealReplyKey(new Uint8Array(32), [])).rejects.toMatchObject({ code: 'bad-input' })
  await expect(sealReplyKey(new Uint8Array(31), [reader])).rejects.toThrow(RangeError)
})

test('what is opened must be a reply key, and not too large to be one', async () => {
  const reader = await keyOf('ada', await exportCertificate(ada))
  const message = await createMessage({ binary: new Uint8Array(31) })
  const short = await encrypt({ message, encryptionKeys: reader.key, format: 'binary' })
  await expect(openReplyKey(short, signerOf(ada))).rejects.toMatchObject({
    code: 'bad-key',
    message: expect.stringContaining('got 31'),
  })
  await expect(openReplyKey(new Uint8Array(16 * 1024 + 1), signerOf(ada))).rejects.toMatchObject({
    code: 'too-large',
  })
  await expect(openReplyKey(utf8('nothing'), signerOf(ada))).rejects.toMatchObject({ code: 'bad-key' })
})

test('a signer dates by the clock it is given', async () => {
  const key = await importKeyFile(directory, (await aKey('Clock Watcher')).write(), passphrase)
  const signer = createKeyFileSigner(key, { askPassphrase: async () => passphrase, now: () => at(5) })
  const body = utf8('{}')
  const signature = await signer.sign(preAuthEncoding('mig.action.v3', body))
  const certificate = base64Encode(await signer.publicCertificate())
  const keyring = await readKeyring(
    [{ name: 'watcher', keys: [{ fingerprint: key.fingerprint, certificate }] }],
    new Set(),
  )
  const personsAt = async (issuedAt: Instant) =>
    (
      await verifySignatures({ type: 'mig.action.v3', body, signatures: [signature] }, keyring, {
        issuedAt,
        now: issuedAt,
      })
    ).persons.size
  expect([
    await personsAt(at(305)),
    await personsAt(at(306)),
    await personsAt(at(-295)),
    await personsAt(at(-296)),
  ]).toEqual([1, 0, 1, 0])
})
