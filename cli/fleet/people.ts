import { MigError } from '../../node/core/error.ts'
import { type Fingerprint, parseFingerprint } from '../../node/core/fingerprint.ts'
import { exportGpgCertificate, gpgAvailable } from '../../node/verification/gpg-keys.ts'
import { exportCertificate } from '../../node/verification/key-store.ts'
import { readCertificate } from '../../node/verification/keyring.ts'
import type { CommandContext } from '../context.ts'
import { gpgOptions, isNamed, listOwnKeys, type OwnKey } from '../signing.ts'
import { readFleetFile } from './fleet-directory.ts'
import { makeKey, ownUserId } from './make-key.ts'

/** Somebody who gets into a policy, with the key they are known by. */
export interface PersonKey {
  readonly name: string
  readonly fingerprint: Fingerprint
  /** Public, normalised, binary. */
  readonly certificate: Uint8Array
  /** Where the private half is here. */
  readonly own: OwnKey | undefined
}

export interface PeopleOptions {
  readonly gpg?: boolean | undefined
  /** `key` of the configuration. */
  readonly preferred?: string | undefined
}

/** Finds the people that `--person` names; without any it is whoever sits here.
 *  @throws MigError `not-found`, `bad-key`, `usage`, and what making a key can throw */
export async function findPeople(
  context: CommandContext,
  texts: readonly string[],
  options: PeopleOptions,
): Promise<readonly PersonKey[]> {
  const found: PersonKey[] = []
  if (texts.length === 0) found.push(await toPerson(context, await ownKey(context, options)))
  for (const text of texts) found.push(await findPerson(context, text, options))
  return found.map((person) => {
    if (found.some((other) => other !== person && other.fingerprint === person.fingerprint))
      throw new MigError('usage', `key ${person.fingerprint} is named twice`)
    const isNamesake = found.some((other) => other !== person && other.name === person.name)
    return isNamesake ? { ...person, name: `${person.name} ${person.fingerprint.slice(-8)}` } : person
  })
}

/** A fingerprint, a file with a public key, or `Name <mail>`: of the last, a key that is here already, or a new one. */
async function findPerson(context: CommandContext, text: string, options: PeopleOptions): Promise<PersonKey> {
  const keys = await listOwnKeys(context, { gpg: options.gpg })
  const fingerprint = parseFingerprint(text.replace(/^0x|\s/g, ''))
  if (fingerprint !== undefined) {
    const own = keys.find((key) => key.fingerprint === fingerprint)
    if (own !== undefined) return toPerson(context, own)
    const gpg = gpgOptions(context)
    if (options.gpg !== false && (await gpgAvailable(gpg)) !== undefined)
      return describeCertificate(await exportGpgCertificate(fingerprint, gpg), undefined)
    throw new MigError('not-found', `there is no key ${fingerprint} here`, { hint: 'mig key list' })
  }
  if (/^[^<>]+ <[^<>]+>$/.test(text)) {
    const own = keys.find((key) => key.userIds.includes(text))
    return toPerson(context, own ?? (await makeKey(context, text, options.gpg)))
  }
  const bytes = await readFleetFile(text)
  if (bytes === undefined) {
    throw new MigError('not-found', `--person ${text}: neither a file nor a fingerprint nor "Name <mail>"`, {
      hint: 'for example: --person "Ada Lovelace <ada@example.org>"',
    })
  }
  const person = await describeCertificate(bytes, undefined)
  return { ...person, own: keys.find((key) => key.fingerprint === person.fingerprint) }
}

async function ownKey(context: CommandContext, options: PeopleOptions): Promise<OwnKey> {
  const keys = await listOwnKeys(context, { gpg: options.gpg })
  const { preferred } = options
  const named = preferred === undefined ? keys : keys.filter((key) => isNamed(key, preferred))
  if (named.length > 1) {
    throw new MigError('usage', `${named.length} keys can sign here`, {
      hint: 'say whose fleet it is: --person FINGERPRINT (mig key list)',
    })
  }
  return named[0] ?? makeKey(context, ownUserId(), options.gpg)
}

/** The public half of a key that is here. */
export async function certificateOf(context: CommandContext, key: OwnKey): Promise<Uint8Array> {
  return key.kind === 'gpg'
    ? exportGpgCertificate(key.fingerprint, gpgOptions(context))
    : exportCertificate(key.file)
}

async function toPerson(context: CommandContext, own: OwnKey): Promise<PersonKey> {
  return describeCertificate(await certificateOf(context, own), own)
}

async function describeCertificate(bytes: Uint8Array, own: OwnKey | undefined): Promise<PersonKey> {
  const { fingerprint, binary, userIds } = await readCertificate(bytes)
  const [userId = ''] = userIds
  const name = /^([^<>]*\S)\s*<.*>$/.exec(userId)?.[1] ?? userId
  return { name: name === '' ? fingerprint : name, fingerprint, certificate: binary, own }
}
