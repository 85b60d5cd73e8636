import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { SeededRandom } from '../random.ts'
import { needles } from './indicators.ts'
import { logText, mixedText, sliceOf } from './texts.ts'

/** T3: few big files. */
export interface Logs {
  readonly directory: string
  /** One file of several scripts, in a folder of its own. */
  readonly mixed: string
  readonly hashes: readonly string[]
}

/** Needles stand in the last lines of the first two of four. @param bytes of each */
export function makeLogs(directory: string, seed: number, bytes: number, iocs: readonly string[]): Logs {
  const random = new SeededRandom(seed)
  const files = join(directory, 'logs')
  const mixed = join(directory, 'mixed')
  mkdirSync(files, { recursive: true })
  mkdirSync(mixed)
  const pool = logText(random, Math.min(8 * 2 ** 20, 2 * bytes))
  const last = `${[needles.literal, needles.alternation, needles.hex, needles.command, ...iocs].join('\n')}\n`
  const hashes = [0, 1, 2, 3].map((n) => {
    const end = n < 2 ? last : ''
    return writeLog(join(files, `big-${n}.log`), random, pool, bytes, end)
  })
  writeLog(
    join(mixed, 'mixed.log'),
    random,
    mixedText(random, Math.min(8 * 2 ** 20, 2 * bytes)),
    bytes,
    `${needles.letters}\n`,
  )
  return { directory: files, mixed, hashes: hashes.slice(1, 3) }
}

/** @returns the SHA-256 */
function writeLog(path: string, random: SeededRandom, pool: Buffer, bytes: number, end: string): string {
  const file = openSync(path, 'wx')
  const hash = createHash('sha256')
  const write = (part: Buffer) => {
    writeSync(file, part)
    hash.update(part)
  }
  for (let size = 0; size < bytes; ) {
    const part = sliceOf(random, pool, Math.min(2 ** 20, bytes - size))
    write(part)
    size += part.length
  }
  write(Buffer.from(end))
  closeSync(file)
  return hash.digest('hex')
}
