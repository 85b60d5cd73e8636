import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  decryptKey,
  encryptKey,
  generateKey,
  type PrivateKey,
  readPrivateKeys,
  type SecretKeyPacket,
} from 'openpgp'
import { utf8Decode } from '../core/encoding.ts'
import { codeOf, MigError, messageOf } from '../core/error.ts'
import { type Fingerprint, parseFingerprint } from '../core/fingerprint.ts'
import { maxImportedCertificateBytes } from '../core/limits.ts'
import { readCertificate } from './keyring.ts'
import { pgpConfig } from './pgp-config.ts'
import { readUserId } from './user-id.ts'

/** One encrypted private key on disk: `<FINGERPRINT>.asc`, armored, mode 0600. */
export interface KeyFile {
  readonly fingerprint: Fingerprint
  readonly userIds: readonly string[]
  readonly path: string
  /** As gpg can import it too. Encrypted: worth nothing without its passphrase. */
  readonly armored: string
}

/** Makes a key that signs (Ed25519) and reads (X25519), in the form that gpg 2.2 knows, and writes it encrypted.
 *  @param userId `Name <mail>`
 *  @throws MigError `usage`, `bad-passphrase` (empty) or what `importKeyFile` throws */
export async function createKeyFile(directory: string, userId: string, passphrase: string): Promise<KeyFile> {
  const user = readUserId(userId)
  if (passphrase === '') throw new MigError('bad-passphrase', 'a key file needs a passphrase')
  const { privateKey } = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: [user],
    passphrase,
    subkeys: [{}],
    format: 'armored',
    config: pgpConfig,
  })
  return writeKeyFile(directory, privateKey)
}

/** Takes a private key, armored or binary, into the directory.
 *  @param passphrase opens the key; it is required even for a key that has none, which is then encrypted with it
 *  @throws MigError `bad-key`, `bad-passphrase`, or `bad-input` when the key is there already */
export async function importKeyFile(
  directory: string,
  key: Uint8Array | string,
  passphrase: string,
): Promise<KeyFile> {
  if (passphrase === '') throw new MigError('bad-passphrase', 'a key file needs a passphrase')
  const privateKey = await readOnePrivateKey(key)
  await privateKey
    .toPublic()
    .getSigningKey(undefined, undefined, undefined, pgpConfig)
    .catch((error: unknown) => {
      throw new MigError('bad-key', `the key cannot sign: ${messageOf(error)}`, { cause: error })
    })
  if (!privateKey.isDecrypted()) {
    await unlock(privateKey, passphrase)
    return writeKeyFile(directory, privateKey.armor(pgpConfig))
  }
  const encrypted = await encryptKey({ privateKey, passphrase, config: pgpConfig })
  return writeKeyFile(directory, encrypted.armor(pgpConfig))
}

/** Every key file of a directory, by fingerprint; none when it is not there.
 *  @throws MigError `state-mode` or `bad-key` */
export async function listKeyFiles(directory: string): Promise<KeyFile[]> {
  let names: string[]
  try {
    names = await readdir(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
  const files = names
    .filter((name) => name.endsWith('.asc') && parseFingerprint(name.slice(0, -4)) !== undefined)
    .sort()
  return Promise.all(files.map((name) => readKeyFile(join(directory, name))))
}

/** @throws MigError `not-found` */
export async function findKeyFile(directory: string, fingerprint: Fingerprint): Promise<KeyFile> {
  return readKeyFile(join(directory, `${fingerprint}.asc`))
}

/** Reads one key file, wherever it lies.
 *  @throws MigError `not-found`, `state-mode` when others can read it, `bad-key` */
export async function readKeyFile(path: string): Promise<KeyFile> {
  const armored = await readPrivateText(path)
  const key = await readOnePrivateKey(armored)
  if (key.isDecrypted())
    throw new MigError('bad-key', `${path} is not encrypted`, {
      hint: 'import it with a passphrase: mig key import',
    })
  return describe(key, path, armored)
}

/** The public half, normalised and binary: what goes into a policy. */
export async function exportCertificate(file: KeyFile): Promise<Uint8Array> {
  const key = await readOnePrivateKey(file.armored)
  return (await readCertificate(key.toPublic().write())).binary
}

/** Opens only the part of a key that signs: each part costs its own key derivation, a quarter of a second here.
 *  @throws MigError `bad-passphrase` or `bad-key` */
export async function unlockSigning(key: PrivateKey, passphrase: string): Promise<PrivateKey> {
  const signing = await key
    .getSigningKey(undefined, undefined, undefined, pgpConfig)
    .catch((error: unknown) => {
      throw new MigError('bad-key', `the key cannot sign: ${messageOf(error)}`, { cause: error })
    })
  const packet = signing.keyPacket as SecretKeyPacket
  if (packet.isDecrypted() === true) return key
  try {
    await packet.decrypt(passphrase)
  } catch (cause) {
    throw new MigError('bad-passphrase', 'the passphrase does not open the key', { cause })
  }
  return key
}

/** Opens a private key in memory.
 *  @throws MigError `bad-passphrase` */
export async function unlock(key: PrivateKey, passphrase: string): Promise<PrivateKey> {
  try {
    return await decryptKey({ privateKey: key, passphrase, config: pgpConfig })
  } catch (error) {
    if (/passphrase/i.test(messageOf(error)))
      throw new MigError('bad-passphrase', 'the passphrase does not open this key')
    throw new MigError('bad-key', `the key cannot be opened: ${messageOf(error)}`, { cause: error })
  }
}

/** @throws MigError `bad-key` */
export async function readOnePrivateKey(input: Uint8Array | string): Promise<PrivateKey> {
  if (input.length > maxImportedCertificateBytes)
    throw new MigError('bad-key', `expected a private key of at most ${maxImportedCertificateBytes} bytes`)
  const text = typeof input === 'string' ? input : input[0] === 0x2d ? utf8Decode(input) : undefined
  if (text !== undefined && text.split('-----BEGIN ').length > 2)
    throw new MigError('bad-key', 'expected one OpenPGP private key, got several blocks')
  let keys: PrivateKey[]
  try {
    keys =
      text === undefined
        ? await readPrivateKeys({ binaryKeys: input as Uint8Array, config: pgpConfig })
        : await readPrivateKeys({ armoredKeys: text, config: pgpConfig })
  } catch (error) {
    throw new MigError('bad-key', `not an OpenPGP private key: ${messageOf(error)}`, { cause: error })
  }
  const [key] = keys
  if (key === undefined || keys.length > 1)
    throw new MigError('bad-key', `expected one OpenPGP private key, got ${keys.length}`)
  return key
}

async function writeKeyFile(directory: string, armored: string): Promise<KeyFile> {
  const key = await readOnePrivateKey(armored)
  const file = describe(key, '', armored)
  const path = join(directory, `${file.fingerprint}.asc`)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  let handle: FileHandle
  try {
    // O_EXCL: nobody's key is ever overwritten, and no link is followed.
    handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  } catch (error) {
    if (codeOf(error) === 'EEXIST')
      throw new MigError('bad-input', `key ${file.fingerprint} is there already: ${path}`, { cause: error })
    throw error
  }
  try {
    await handle.writeFile(armored)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return { ...file, path }
}

function describe(key: PrivateKey, path: string, armored: string): KeyFile {
  const fingerprint = parseFingerprint(key.getFingerprint())
  if (fingerprint === undefined)
    throw new MigError('bad-key', 'only OpenPGP keys of version 4 and 6 are supported')
  return { fingerprint, userIds: key.getUserIDs(), path, armored }
}

async function readPrivateText(path: string): Promise<string> {
  let handle: FileHandle
  try {
    handle = await open(path, constants.O_RDONLY)
  } catch (error) {
    if (codeOf(error) === 'ENOENT')
      throw new MigError('not-found', `there is no key file ${path}`, { cause: error })
    throw error
  }
  try {
    const { mode, size } = await handle.stat()
    // Windows keeps access apart from mode bits.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new MigError(
        'state-mode',
        `others can read the key file ${path} (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
        { hint: `chmod 600 ${path}` },
      )
    }
    if (size > maxImportedCertificateBytes)
      throw new MigError(
        'bad-key',
        `${path} has ${size} bytes, at most ${maxImportedCertificateBytes} are allowed`,
      )
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}
