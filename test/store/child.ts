import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { afterAll } from 'vitest'

const built: string[] = []
const running = new Set<ChildProcess>()

afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  for (const directory of built.splice(0)) rmSync(directory, { recursive: true, force: true })
})

export interface Child {
  /** The next line on its standard output; undefined when it has ended. */
  nextLine(): Promise<string | undefined>
  /** SIGKILL; waits for the end.
   *  @returns all lines that it had still written, up to its last whole one */
  kill(): Promise<string[]>
  exitCode(): Promise<number | null>
}

/** Makes a script of `processes/` runnable: Node 20 reads no TypeScript. */
export async function buildChild(name: string): Promise<string> {
  const directory = join(
    import.meta.dirname,
    '../../node_modules/.cache',
    `mig-store-test-${process.pid}-${built.length}`,
  )
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

export function startChild(
  script: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Child {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env })
  running.add(child)
  const ended = once(child, 'close').then(() => running.delete(child))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async () => {
    const { done, value } = await lines.next()
    return done === true ? undefined : value
  }
  return {
    nextLine,
    async kill() {
      child.kill('SIGKILL')
      const rest: string[] = []
      for (let line = await nextLine(); line !== undefined; line = await nextLine()) rest.push(line)
      await ended
      return rest
    },
    async exitCode() {
      await ended
      return child.exitCode
    },
  }
}
