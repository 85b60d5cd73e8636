import { codeOf, MigError } from '../core/error.ts'
import { type Fingerprint, parseFingerprint } from '../core/fingerprint.ts'
import { type GpgOptions, runGpg } from './gpg-process.ts'
import { readCertificate } from './keyring.ts'
import { readUserId } from './user-id.ts'

/** A key whose private half gpg holds, on disk or on a card. */
export interface GpgKey {
  /** Primary key. */
  readonly fingerprint: Fingerprint
  readonly userIds: readonly string[]
  readonly canSign: boolean
  readonly canEncrypt: boolean
}

/** @returns gpg's version such as `2.2.40`, or undefined when it is not installed */
export async function gpgAvailable(options: GpgOptions): Promise<string | undefined> {
  try {
    const { stdout } = await runGpg(['--version'], new Uint8Array(), options)
    return /(\d+\.\d+(?:\.\d+)?)/.exec(Buffer.from(stdout).toString('utf8'))?.[1] ?? 'unknown'
  } catch (error) {
    if (codeOf(error) === 'gpg-missing') return undefined
    throw error
  }
}

/** Keys that can be signed with: neither revoked nor expired nor disabled. */
export async function listGpgKeys(options: GpgOptions): Promise<GpgKey[]> {
  const { stdout } = await runGpg(
    ['--with-colons', '--fixed-list-mode', '--list-secret-keys'],
    new Uint8Array(),
    options,
  )
  return parseSecretKeys(Buffer.from(stdout).toString('utf8'))
}

/** Makes an Ed25519 key that signs and an X25519 subkey that answers are encrypted to; both do not expire.
 *  @param userId `Name <mail>`
 *  @throws MigError `usage` for another form */
export async function generateGpgKey(userId: string, options: GpgOptions): Promise<Fingerprint> {
  const { name, email } = readUserId(userId)
  // One run, so that the person is asked for a passphrase once. gpg reads the text line by line: readUserId lets no line end through.
  const parameters = [
    'Key-Type: EDDSA',
    'Key-Curve: ed25519',
    'Key-Usage: sign',
    'Subkey-Type: ECDH',
    'Subkey-Curve: cv25519',
    'Subkey-Usage: encrypt',
    `Name-Real: ${name}`,
    `Name-Email: ${email}`,
    'Expire-Date: 0',
    '%commit',
    '',
  ]
  const { status } = await runGpg(['--full-generate-key'], Buffer.from(parameters.join('\n')), options)
  const made = status.find(([word]) => word === 'KEY_CREATED')
  const fingerprint = parseFingerprint(made?.[2] ?? '')
  if (fingerprint === undefined) throw new MigError('gpg-failed', 'gpg made no key and did not say why')
  return fingerprint
}

/** Takes a key, public or private, into gpg's keyring.
 *  @returns the primary fingerprints that gpg read */
export async function importGpgKey(key: Uint8Array, options: GpgOptions): Promise<Fingerprint[]> {
  const { status } = await runGpg(['--import'], key, options)
  const read = status
    .filter(([word]) => word === 'IMPORT_OK')
    .map(([, , fingerprint]) => parseFingerprint(fingerprint ?? ''))
  return [...new Set(read.filter((fingerprint) => fingerprint !== undefined))]
}

/** The public certificate, normalised and binary.
 *  @throws MigError `not-found` */
export async function exportGpgCertificate(
  fingerprint: Fingerprint,
  options: GpgOptions,
): Promise<Uint8Array> {
  const { stdout } = await runGpg(
    ['--no-armor', '--export-options', 'export-minimal', '--export', fingerprint],
    new Uint8Array(),
    options,
  )
  if (stdout.length === 0) throw new MigError('not-found', `gpg has no key ${fingerprint}`)
  return (await readCertificate(stdout)).binary
}

/** Columns of `sec`, `fpr` and `uid` records (GnuPG doc/DETAILS). */
function parseSecretKeys(listing: string): GpgKey[] {
  const keys: { fingerprint?: Fingerprint; userIds: string[]; usable: boolean; uses: string }[] = []
  for (const line of listing.split('\n')) {
    const fields = line.split(':')
    const current = keys.at(-1)
    // Column 12 in upper case: what the whole key can do now. Column 2: r revoked, e expired, i invalid.
    if (fields[0] === 'sec')
      keys.push({ userIds: [], usable: !/[rei]/.test(fields[1] ?? ''), uses: fields[11] ?? '' })
    else if (fields[0] === 'fpr' && current !== undefined)
      current.fingerprint ??= parseFingerprint(fields[9] ?? '')
    else if (fields[0] === 'uid' && current !== undefined)
      current.userIds.push(unescapeColons(fields[9] ?? ''))
  }
  return keys.flatMap(({ fingerprint, userIds, usable, uses }) =>
    fingerprint === undefined || !usable || uses.includes('D')
      ? []
      : [{ fingerprint, userIds, canSign: uses.includes('S'), canEncrypt: uses.includes('E') }],
  )
}

/** gpg writes colons and controls as `\xNN`. */
function unescapeColons(field: string): string {
  return field.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
