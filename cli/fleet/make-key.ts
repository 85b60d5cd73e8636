import { hostname, userInfo } from 'node:os'
import { MigError } from '../../node/core/error.ts'
import { generateGpgKey, gpgAvailable } from '../../node/verification/gpg-keys.ts'
import { createKeyFile } from '../../node/verification/key-store.ts'
import type { CommandContext } from '../context.ts'
import { askNewPassphrase } from '../passphrase.ts'
import { gpgOptions, keyDirectory, type OwnKey } from '../signing.ts'

/** Makes a key: in gpg's keyring where there is gpg, else an encrypted key file.
 *  @param userId `Name <mail>`
 *  @param gpg true: only with gpg; false: only a key file
 *  @throws MigError `usage` for another form of name, `gpg-missing`, `bad-passphrase`, `gpg-failed` */
export async function makeKey(
  context: CommandContext,
  userId: string,
  gpg: boolean | undefined,
): Promise<OwnKey> {
  const options = gpgOptions(context)
  const hasGpg = gpg !== false && (await gpgAvailable(options)) !== undefined
  if (gpg === true && !hasGpg)
    throw new MigError('gpg-missing', 'gpg is not installed', { hint: 'install GnuPG, or use --no-gpg' })
  if (hasGpg) {
    context.terminal.say(`making a key for ${userId} in gpg's keyring; gpg asks for its passphrase`)
    return { kind: 'gpg', fingerprint: await generateGpgKey(userId, options), userIds: [userId] }
  }
  const passphrase = await askNewPassphrase(context, `new passphrase for ${userId}`)
  const file = await createKeyFile(keyDirectory(context), userId, passphrase)
  return { kind: 'file', fingerprint: file.fingerprint, userIds: file.userIds, file }
}

/** A user id for whoever sits here, in a form that GnuPG takes. */
export function ownUserId(): string {
  const { username } = userInfo()
  const name = username.replace(/[^A-Za-z0-9._-]/g, '') || 'investigator'
  const host = hostname().replace(/[^A-Za-z0-9.-]/g, '') || 'localhost'
  const title = name.length < 5 || /^\d/.test(name) ? `user ${name}` : name
  return `${title} <${name}@${host.includes('.') ? host : `${host}.local`}>`
}
