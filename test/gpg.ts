import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'vitest'
import type { GpgOptions } from '../node/verification/gpg-process.ts'

const found = spawnSync('gpg', ['--version']).status === 0

/** Tests against the stock gpg of this machine; counted as skipped, and said so, where there is none. */
export const withGpg = describe.skipIf(!found)
if (!found) console.warn('gpg is not installed: tests against stock GnuPG are skipped')

/** A GNUPGHOME of its own, below /tmp: the agent's socket path must stay short.
 *  `remove` ends the agent that gpg started for it. */
export function aGpgHome(
  passphrase = 'test passphrase',
): GpgOptions & { readonly home: string; readonly remove: () => void } {
  const home = mkdtempSync('/tmp/mg-')
  // A weak passphrase hash makes every use of a key twenty times faster, and guards nothing here.
  writeFileSync(join(home, 'gpg-agent.conf'), 's2k-count 65536\n')
  const env = { PATH: process.env.PATH ?? '', HOME: home, LC_ALL: 'C' }
  return {
    home,
    env,
    passphrase,
    remove: () => {
      spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'], { env })
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Runs gpg as a person would, without our code in between. */
export function stockGpg(
  options: GpgOptions & { readonly home: string },
  args: readonly string[],
  input: Uint8Array = new Uint8Array(),
): { code: number | null; stdout: Uint8Array; stderr: string } {
  const loopback = ['--pinentry-mode', 'loopback', '--passphrase', options.passphrase ?? '']
  const run = spawnSync(
    'gpg',
    ['--homedir', options.home, '--batch', '--no-tty', '--yes', ...loopback, ...args],
    { input, env: options.env as NodeJS.ProcessEnv },
  )
  return { code: run.status, stdout: new Uint8Array(run.stdout), stderr: run.stderr.toString() }
}
