import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { MigError } from '../node/core/error.ts'
import { type Fingerprint, parseFingerprint } from '../node/core/fingerprint.ts'
import { gpgAvailable, listGpgKeys } from '../node/verification/gpg-keys.ts'
import type { GpgOptions } from '../node/verification/gpg-process.ts'
import { createGpgSigner } from '../node/verification/gpg-signer.ts'
import { createKeyFileSigner } from '../node/verification/key-file-signer.ts'
import { type KeyFile, listKeyFiles } from '../node/verification/key-store.ts'
import type { Signer } from '../node/verification/signer.ts'
import { type Config, loadConfig } from './config.ts'
import { type CommandContext, migHome } from './context.ts'
import { askPassphrase } from './passphrase.ts'
import { gpgEnvironment } from './settings.ts'

export interface SigningOptions {
  /** A fingerprint, or whole words of one user id such as the mail (`isNamed`). */
  readonly key?: string | undefined
  /** `--gpg`: only gpg's keys; `--no-gpg`: only key files. */
  readonly gpg?: boolean | undefined
  /** Only the keys of these people may be chosen, for instance those of a policy. */
  readonly among?: ReadonlySet<Fingerprint> | undefined
  readonly config?: Config | undefined
}

/** A private key that can be used here. */
export type OwnKey = {
  readonly fingerprint: Fingerprint
  readonly userIds: readonly string[]
} & ({ readonly kind: 'gpg' } | { readonly kind: 'file'; readonly file: KeyFile })

/** `--key`, `--gpg` and `--no-gpg`, as every command that signs has them. */
export function addSigningOptions(command: Command): Command {
  return command
    .option('--key <fingerprint>', 'the key that signs: its fingerprint, its mail, or words of its name')
    .option('--gpg', 'only keys that gpg holds')
    .option('--no-gpg', 'only encrypted key files')
}

/** The key that signs for this person: the one that was named, else the one of the configuration, else the only one there is.
 *  gpg's keys go before key files.
 *  @throws MigError `not-found`, `usage` when several would do, `gpg-missing`, `state-mode`, `bad-input` */
export async function chooseSigner(context: CommandContext, options: SigningOptions = {}): Promise<Signer> {
  const config = options.config ?? (await loadConfig(context))
  const keys = (await listOwnKeys(context, { gpg: options.gpg ?? config.gpg })).filter(
    (key) => options.among?.has(key.fingerprint) ?? true,
  )
  const wanted = options.key ?? config.key
  const named = wanted === undefined ? keys : keys.filter((key) => isNamed(key, wanted))
  // A key that the configuration names and that may not sign this is no reason to give up.
  const found = named.length === 0 && options.key === undefined ? keys : named
  const ofGpg = found.filter((key) => key.kind === 'gpg')
  // Of two keys that were named, none is better: a person says which.
  const isNamedHere = wanted !== undefined && named.length > 0
  const candidates = isNamedHere || ofGpg.length === 0 ? found : ofGpg
  const [key] = candidates
  if (key === undefined) throw nothingToSignWith(options)
  if (candidates.length > 1) {
    throw new MigError(
      'usage',
      `${candidates.length} keys can sign here: ${candidates.map(describe).join('; ')}`,
      {
        hint: 'name one: --key FINGERPRINT, or `key = "FINGERPRINT"` in mig.toml',
      },
    )
  }
  return signerOf(context, key)
}

/** Every private key that can sign here: gpg's first, then key files; a key that is in both places stands there once.
 *  @throws MigError `gpg-missing` when only gpg's are wanted and there is no gpg */
export async function listOwnKeys(
  context: CommandContext,
  options: { readonly gpg?: boolean | undefined } = {},
): Promise<OwnKey[]> {
  const keys: OwnKey[] = []
  if (options.gpg !== false) {
    const gpg = gpgOptions(context)
    if ((await gpgAvailable(gpg)) !== undefined) {
      for (const { fingerprint, userIds, canSign } of await listGpgKeys(gpg))
        if (canSign) keys.push({ kind: 'gpg', fingerprint, userIds })
    } else if (options.gpg === true) {
      throw new MigError('gpg-missing', 'gpg is not installed', {
        hint: 'install GnuPG, or use an encrypted key file: --no-gpg',
      })
    }
  }
  if (options.gpg === true) return keys
  for (const file of await listKeyFiles(keyDirectory(context))) {
    if (keys.every((key) => key.fingerprint !== file.fingerprint))
      keys.push({ kind: 'file', fingerprint: file.fingerprint, userIds: file.userIds, file })
  }
  return keys
}

/** A signer over one of this person's keys; a passphrase that was mistyped at the terminal is asked for again. */
export function signerOf(context: CommandContext, key: OwnKey): Signer {
  if (key.kind === 'gpg') return createGpgSigner(key.fingerprint, gpgOptions(context))
  const signer = createKeyFileSigner(key.file, {
    askPassphrase: () => askPassphrase(context, `passphrase of ${describe(key)}`),
    now: () => context.clock.now(),
  })
  const patiently = async <T>(task: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await task()
      } catch (error) {
        const isMistyped = error instanceof MigError && error.code === 'bad-passphrase'
        if (!isMistyped || attempt === 3 || !context.terminal.isInteractive) throw error
        if (context.settings.passphrase !== undefined) throw error
        context.terminal.say(error.message)
      }
    }
  }
  return {
    ...signer,
    sign: (bytes) => patiently(() => signer.sign(bytes)),
    decrypt: (bytes) => patiently(() => signer.decrypt(bytes)),
  }
}

/** Where encrypted key files lie. */
export function keyDirectory(context: CommandContext): string {
  return join(migHome(context.settings), 'keys')
}

/** How this person's gpg is run. */
export function gpgOptions(context: CommandContext): GpgOptions {
  const env = gpgEnvironment()
  return {
    env: { ...terminalFor(env), ...env },
    ...(context.settings.passphrase === undefined ? {} : { passphrase: context.settings.passphrase }),
    signal: context.signal,
  }
}

/** Does the text name this key: its fingerprint; or of one of its user ids whole words that follow one another, the mail, or the
 *  mail's part before or after the @ (`ada@`)? Never a part of a word: `Alice` does not name Malice. */
export function isNamed(key: Pick<OwnKey, 'fingerprint' | 'userIds'>, text: string): boolean {
  const fingerprint = parseFingerprint(text.replace(/^0x|\s/g, ''))
  if (fingerprint !== undefined) return key.fingerprint === fingerprint
  const wanted = wordsOf(text)
  const [only] = wanted
  if (only === undefined) return false
  return key.userIds.some((userId) => {
    const words = wordsOf(userId)
    if (wanted.length === 1 && words.some((word) => partsOfMail(word).includes(only))) return true
    return words.some((_, start) => wanted.every((word, i) => words[start + i] === word))
  })
}

function wordsOf(text: string): readonly string[] {
  const words = text
    .normalize('NFC')
    .toLowerCase()
    .split(/[\s<>()",;]+/u)
  return words.filter((word) => word !== '')
}

/** `ada@example.org`: ada, ada@, example.org, @example.org. */
function partsOfMail(word: string): readonly string[] {
  const at = word.lastIndexOf('@')
  if (at < 0) return []
  return [word.slice(0, at), word.slice(0, at + 1), word.slice(at + 1), word.slice(at)]
}

export function describe(key: OwnKey): string {
  return `${key.userIds[0] ?? 'a key without a name'} ${key.fingerprint}`
}

function nothingToSignWith(options: SigningOptions): MigError {
  if (options.key !== undefined) {
    const who = options.among === undefined ? '' : ' of those who may sign this'
    return new MigError('not-found', `there is no key here that '${options.key}' names${who}`, {
      hint: 'mig key list',
    })
  }
  return options.among === undefined
    ? new MigError('not-found', 'there is no key here that can sign', { hint: 'mig key new "Name <mail>"' })
    : new MigError('not-found', 'none of the keys here may sign this', {
        hint: 'mig key list shows the keys, mig policy show the people',
      })
}

/** A pinentry in the terminal has to be told which terminal that is. */
function terminalFor(env: Readonly<Record<string, string>>): Record<string, string> {
  if (env.GPG_TTY !== undefined || process.platform !== 'linux' || process.stdin.isTTY !== true) return {}
  try {
    return { GPG_TTY: readlinkSync('/proc/self/fd/0') }
  } catch {
    return {} // no /proc: gpg finds its own way or says that it cannot
  }
}
