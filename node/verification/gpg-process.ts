import { spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import { concat } from '../core/bytes.ts'
import { codeOf, MigError } from '../core/error.ts'
import { gpgTimeoutMs, maxGpgOutputBytes } from '../core/limits.ts'

export interface GpgOptions {
  /** Default: `gpg` as the PATH in `env` finds it. */
  readonly gpgPath?: string
  /** GNUPGHOME; default: gpg's own. */
  readonly home?: string
  /** For automation only: handed over on a pipe, never in argv. Without it gpg's agent asks the person. */
  readonly passphrase?: string
  /** gpg's whole environment. PATH, HOME and, for a pinentry in the terminal, GPG_TTY matter. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** A person may have to find their card first: default 5 minutes. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface GpgOutput {
  readonly stdout: Uint8Array
  /** `[GNUPG:]` lines without the prefix, each split at blanks. */
  readonly status: readonly (readonly string[])[]
}

/** Runs the user's gpg once, without a shell.
 *  @param input bytes for its standard input
 *  @throws MigError `gpg-missing`, `bad-passphrase`, `cancelled`, `timeout`, `too-large` or `gpg-failed` with gpg's own words */
export async function runGpg(
  args: readonly string[],
  input: Uint8Array,
  options: GpgOptions,
): Promise<GpgOutput> {
  const loopback =
    options.passphrase === undefined ? [] : ['--pinentry-mode', 'loopback', '--passphrase-fd', '3']
  // No network (dirmngr) and no prompt on the terminal behind our back; the agent's pinentry still asks.
  const common = [
    '--batch',
    '--no-tty',
    '--disable-dirmngr',
    '--status-fd',
    '2',
    ...(options.home === undefined ? [] : ['--homedir', options.home]),
  ]
  const { code, stdout, stderr } = await spawnGpg([...common, ...loopback, ...args], input, options)
  const status = statusLines(stderr)
  if (code !== 0) throw failure(status, stderr)
  return { stdout, status }
}

function spawnGpg(
  args: readonly string[],
  input: Uint8Array,
  options: GpgOptions,
): Promise<{ code: number | null; stdout: Uint8Array; stderr: string }> {
  const path = options.gpgPath ?? 'gpg'
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      env: options.env as NodeJS.ProcessEnv,
      stdio: ['pipe', 'pipe', 'pipe', options.passphrase === undefined ? 'ignore' : 'pipe'],
      windowsHide: true,
    })
    let ended: MigError | undefined
    const stop = (error: MigError) => {
      ended ??= error
      child.kill('SIGKILL')
    }
    const onAbort = () => stop(new MigError('cancelled', 'gpg was called off'))
    const timer = setTimeout(
      () =>
        stop(
          new MigError('timeout', `gpg gave no answer in ${(options.timeoutMs ?? gpgTimeoutMs) / 1000} s`),
        ),
      options.timeoutMs ?? gpgTimeoutMs,
    )
    const [stdout, stderr] = [collect(child.stdout, stop), collect(child.stderr, stop)]
    if (options.signal?.aborted) onAbort()
    else options.signal?.addEventListener('abort', onAbort, { once: true })
    const settle = () => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
    }
    child.on('error', (error) => {
      settle()
      const missing = codeOf(error) === 'ENOENT'
      reject(
        missing
          ? new MigError('gpg-missing', `'${path}' was not found`, {
              hint: 'install GnuPG, or use an encrypted key file',
              cause: error,
            })
          : new MigError('gpg-failed', `'${path}' cannot be started: ${error.message}`, { cause: error }),
      )
    })
    child.on('close', (code) => {
      settle()
      if (ended === undefined)
        resolve({ code, stdout: concat(stdout), stderr: Buffer.from(concat(stderr)).toString('utf8') })
      else reject(ended)
    })
    feed(child.stdin, input)
    if (options.passphrase !== undefined) feed(child.stdio[3] as Writable, `${options.passphrase}\n`)
  })
}

/** gpg may end before it has read everything; how it ended says more than the broken pipe. */
function feed(pipe: Writable | null, bytes: Uint8Array | string): void {
  pipe?.on('error', () => {})
  pipe?.end(bytes)
}

function collect(stream: NodeJS.ReadableStream | null, stop: (error: MigError) => void): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let size = 0
  stream?.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= maxGpgOutputBytes) chunks.push(chunk)
    else stop(new MigError('too-large', `gpg wrote more than ${maxGpgOutputBytes} bytes`))
  })
  return chunks
}

const statusPrefix = '[GNUPG:] '

function statusLines(stderr: string): string[][] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith(statusPrefix))
    .map((line) => line.slice(statusPrefix.length).trim().split(' '))
}

/** libgpg-error codes stand in the low 16 bits of what `FAILURE` and `ERROR` report. */
const errorCodes = { badPassphrase: 11, cancelled: 99, fullyCancelled: 198 } as const

function failure(status: readonly (readonly string[])[], stderr: string): MigError {
  const codes = status
    .filter(([word]) => word === 'FAILURE' || word === 'ERROR')
    .map(([, , code]) => Number(code) & 0xffff)
  const reason = gpgWords(stderr)
  if (codes.includes(errorCodes.badPassphrase)) return new MigError('bad-passphrase', `gpg: ${reason}`)
  if (codes.includes(errorCodes.cancelled) || codes.includes(errorCodes.fullyCancelled))
    return new MigError('cancelled', `gpg: ${reason}`)
  return new MigError('gpg-failed', `gpg: ${reason}`)
}

/** What gpg said to people: its last two lines, in its own language. */
function gpgWords(stderr: string): string {
  const lines = stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith(statusPrefix))
    .map((line) =>
      line
        .replace(/^gpg2?: /, '')
        .replace(/[\u0000-\u001f\u007f-\u009f]/gu, ' ')
        .trim(),
    )
  const words = lines.slice(-2).join('; ')
  return words === '' ? 'it failed and did not say why' : words.slice(0, 400)
}
