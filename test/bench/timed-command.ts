import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cost } from './cost.ts'
import type { Programs } from './programs.ts'

export interface CommandRun {
  readonly cost: Cost
  /** Byte for byte: a name need not be UTF-8. */
  readonly output: string
}

/** What a command runs in: nothing of this process's environment changes what is measured. */
export interface Bench {
  readonly programs: Programs
  readonly path: string
  /** For what commands read and write. */
  readonly scratch: string
}

/** Runs a command to its end at the priority of a module host, under GNU time where that is.
 *  @param input the path of a file
 *  @throws Error when it ends otherwise than by 0, or by 1, which of grep means "nothing" */
export async function runTimed(
  bench: Bench,
  words: readonly string[],
  input = '/dev/null',
): Promise<CommandRun> {
  const { programs, path, scratch } = bench
  const output = join(scratch, 'output')
  const costs = join(scratch, 'costs')
  const timed = programs.time === undefined ? [] : [programs.time, '-q', '-o', costs, '-f', '%U %S %M']
  const gentle = programs.nice === undefined ? [] : [programs.nice, '-n', '10']
  const [command = '', ...rest] = [...gentle, ...timed, ...words]
  const files = [openSync(input, 'r'), openSync(output, 'w')] as const
  const started = performance.now()
  const child = spawn(command, rest, { env: { PATH: path, LC_ALL: 'C' }, stdio: [...files, 'pipe'] })
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(0, 2000)
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const wallMs = performance.now() - started
  for (const file of files) closeSync(file)
  if (code !== 0 && code !== 1)
    throw new Error(`${words.join(' ').slice(0, 500)}: ended with ${code}: ${complaint}`)
  const [user = Number.NaN, system = Number.NaN, kib = Number.NaN] =
    programs.time === undefined ? [] : readFileSync(costs, 'utf8').trim().split(' ').map(Number)
  return {
    cost: { wallMs, cpuMs: (user + system) * 1000, peakMb: kib / 1024 },
    output: readFileSync(output, 'latin1'),
  }
}
