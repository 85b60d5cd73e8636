import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll } from 'vitest'

/** What a gate process does and where it dies. */
export interface CrashPlan {
  /** Which write to the disk, counted from 1; 0 for none. */
  readonly point: number
  /** `running`: while a module child runs. `sent`: answers are out, no receipt is in. `pruned`: everything is forgotten. */
  readonly when: 'before' | 'during' | 'running' | 'sent' | 'pruned'
  readonly state: string
  /** What the module children see; they write their runs into it. */
  readonly root: string
  readonly module: string
  readonly now: number
  /** Bytes are base64. */
  readonly certificate: string
  readonly answerSeed: string
  readonly rootWire: string
  readonly policy: string
  readonly actions: readonly { readonly id: string; readonly wire: string }[]
}

const built: string[] = []
afterAll(() => {
  for (const directory of built.splice(0)) rmSync(directory, { recursive: true, force: true })
})

/** Makes a script of `processes/` runnable: Node 20 reads no TypeScript. */
export async function buildProcess(name: string): Promise<string> {
  // Below node_modules, so that the packages it imports are found.
  const cache = join(import.meta.dirname, '../../node_modules/.cache')
  const directory = join(cache, `mig-gate-test-${process.pid}-${built.length}`)
  mkdirSync(directory, { recursive: true })
  built.push(directory)
  const outfile = join(directory, `${name}.mjs`)
  await build({
    entryPoints: [join(import.meta.dirname, 'processes', `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
  return outfile
}

/** Runs a script to its end, which may be a violent one.
 *  @returns the whole lines that it had printed, and the signal that ended it */
export async function runToEnd(
  script: string,
  args: readonly string[],
): Promise<{ readonly lines: readonly string[]; readonly signal: string | null }> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { lines: output.split('\n').slice(0, -1), signal }
}
