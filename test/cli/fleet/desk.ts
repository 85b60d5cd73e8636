import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommandContext } from '../../../cli/context.ts'
import { dispatch } from '../../../cli/dispatch.ts'
import { commands } from '../../../cli/registry.ts'
import { readSettings } from '../../../cli/settings.ts'
import type { Instant } from '../../../node/core/clock.ts'
import { MigError } from '../../../node/core/error.ts'
import { systemClock, systemRandom } from '../../../node/system/system-clock.ts'

export const program = join(import.meta.dirname, '../../../dist/mig.js')
export const passphrase = 'a passphrase for tests'

export interface Said {
  readonly code: number
  readonly out: string
  readonly said: string
}

/** A person at a terminal of their own: a MIG_HOME, and commands that run in this process. */
export interface Desk {
  readonly home: string
  readonly path: (...parts: string[]) => string
  /** Runs a command to its end; what it throws comes through. */
  readonly mig: (...words: string[]) => Promise<Said>
  /** The code that the command fails with; `exit N` for a code without an error. */
  readonly fails: (...words: string[]) => Promise<string>
  /** The same desk with other settings. */
  readonly with: (change: { readonly passphrase?: string; readonly laterMs?: number }) => Desk
  readonly remove: () => void
}

/** @param gpg false: key files only, as on a machine without gpg */
export function aDesk(options: { readonly gpg?: boolean } = {}): Desk {
  const home = mkdtempSync(join(tmpdir(), 'mig-desk-'))
  writeFileSync(join(home, 'mig.toml'), `gpg = ${options.gpg === true}\n`)
  return desk(home, { passphrase, laterMs: 0 })
}

function desk(home: string, setting: { readonly passphrase: string; readonly laterMs: number }): Desk {
  const mig = async (...words: string[]): Promise<Said> => {
    const lines = { out: [] as string[], said: [] as string[] }
    const code = await dispatch(words, contextOf(home, setting, lines), commands)
    return { code, out: lines.out.join('\n'), said: lines.said.join('\n') }
  }
  return {
    home,
    path: (...parts) => join(home, ...parts),
    mig,
    async fails(...words) {
      try {
        const { code } = await mig(...words)
        return `exit ${code}`
      } catch (error) {
        if (error instanceof MigError) return error.code
        throw error
      }
    },
    with: (change) => desk(home, { ...setting, ...change }),
    remove: () => rmSync(home, { recursive: true, force: true }),
  }
}

function contextOf(
  home: string,
  { passphrase, laterMs }: { readonly passphrase: string; readonly laterMs: number },
  lines: { readonly out: string[]; readonly said: string[] },
): CommandContext {
  return {
    settings: { ...readSettings(), migHome: home, passphrase },
    terminal: {
      isInteractive: false,
      canRewrite: false,
      useColor: false,
      out: (line) => lines.out.push(line),
      raw: (text) => lines.out.push(text),
      say: (line) => lines.said.push(line),
      progress: () => undefined,
    },
    clock: { ...systemClock, now: () => (Date.now() + laterMs) as Instant },
    random: systemRandom,
    signal: new AbortController().signal,
    command: [process.execPath, program],
  }
}
