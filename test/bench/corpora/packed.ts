import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { makeZip, type ZipPart } from '../../modules/archive/make-zip.ts'
import { SeededRandom } from '../random.ts'
import { needles } from './indicators.ts'
import { logText, programText, sliceOf, wordList } from './texts.ts'

/** T4: compressed logs, and jars of which one in twenty has jars in it. */
export interface Packed {
  readonly gz: string
  readonly jars: string
}

/** The needle stands in three of the logs, and in five of the jars in jars. */
export function makePacked(
  directory: string,
  seed: number,
  counts: { readonly gz: number; readonly jars: number },
): Packed {
  const random = new SeededRandom(seed)
  const gz = join(directory, 'gz')
  const jars = join(directory, 'jars')
  mkdirSync(gz, { recursive: true })
  mkdirSync(jars)
  const pool = logText(random, Math.min(4 * 2 ** 20, 100_000 * (counts.gz + 4)))
  for (let n = 0; n < counts.gz; n++) {
    const text = sliceOf(random, pool, 166_000)
    const line = n % Math.ceil(counts.gz / 3) === 1 ? `${needles.literal}\n` : ''
    writeFileSync(join(gz, `app-${n}.log.gz`), gzipSync(Buffer.concat([text, Buffer.from(line)])))
  }
  const classes = programText(random, Math.min(2 * 2 ** 20, 50_000 * counts.jars))
  const words = wordList(random, 1024)
  const fatEvery = Math.max(1, Math.min(20, Math.floor(counts.jars / 5)))
  let fat = 0
  for (let n = 0; n < counts.jars; n++) {
    const parts = entries(random, classes, words, 20)
    if (n % fatEvery === 0) {
      const inner = entries(random, classes, words, 10)
      if (fat++ < 5) inner.push({ name: `${needles.class}.class`, content: `\n${needles.code}\n` })
      parts.push({ name: 'BOOT-INF/lib/inner.jar', content: makeZip(inner), isStored: true })
    }
    writeFileSync(join(jars, `lib-${n}.jar`), makeZip(parts))
  }
  return { gz, jars }
}

function entries(random: SeededRandom, pool: Buffer, words: readonly string[], count: number): ZipPart[] {
  return Array.from({ length: count }, (_, n) => ({
    name: `${random.pick(words)}/${random.pick(words)}${n}.class`,
    content: sliceOf(random, pool, 1000 + random.below(12_000)),
  }))
}
