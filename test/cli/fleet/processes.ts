import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { passphrase, program } from './desk.ts'

/** A node as a real process of the built program. */
export interface RunningNode {
  readonly pid: number
  /** The line that it was waited for. */
  readonly line: string
  readonly stderr: () => string
  /** SIGTERM; how it ended, and after how long. */
  readonly stop: () => Promise<{ readonly code: number | null; readonly tookMs: number }>
}

const startWithinMs = 45_000

/** Starts `mig …` and waits for a line on its stdout that matches. */
export async function startNode(
  home: string,
  words: readonly string[],
  pattern: RegExp,
): Promise<RunningNode> {
  if (!existsSync(program))
    execFileSync(process.execPath, [join(import.meta.dirname, '../../../.ci/build.mjs')])
  const child = spawn(process.execPath, [program, ...words], {
    env: { PATH: process.env.PATH ?? '', HOME: home, MIG_HOME: home, MIG_PASSPHRASE: passphrase },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const line = await firstLine(child, pattern, ended, () => stderr)
  return {
    pid: child.pid ?? 0,
    line,
    stderr: () => stderr,
    async stop() {
      const started = performance.now()
      child.kill('SIGTERM')
      const last = setTimeout(() => child.kill('SIGKILL'), 15_000)
      const code = await ended
      clearTimeout(last)
      return { code, tookMs: performance.now() - started }
    },
  }
}

function firstLine(
  child: ChildProcess,
  pattern: RegExp,
  ended: Promise<number | null>,
  stderr: () => string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let stdout = ''
    const fail = (why: string) => {
      child.kill('SIGKILL')
      reject(new Error(`${why}: ${stderr()}`))
    }
    const timer = setTimeout(() => fail(`no line like ${pattern}`), startWithinMs)
    void ended.then((code) => fail(`ended with code ${code}`))
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
      const line = stdout.split('\n').find((candidate) => pattern.test(candidate))
      if (line === undefined) return
      clearTimeout(timer)
      resolve(line)
    })
  })
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
