import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SeededRandom } from '../random.ts'
import { needles } from './indicators.ts'
import { programText, sliceOf, wordList } from './texts.ts'

/** T1: a tree of small files. */
export interface Tree {
  readonly directory: string
  readonly files: number
  /** SHA-256 of some of them, lower case. */
  readonly hashes: readonly string[]
  /** Names of files, each in the tree once. */
  readonly names: readonly string[]
}

const suffixes = ['js', 'js', 'js', 'js', 'js', 'ts', 'ts', 'json', 'md', 'css', 'map', 'html'] as const
const long = new Date('2020-01-01T00:00:00Z')

/** @param iocs every one of them stands in one file */
export function makeTree(directory: string, seed: number, files: number, iocs: readonly string[]): Tree {
  const random = new SeededRandom(seed)
  const pool = programText(random, Math.min(4 * 2 ** 20, 2500 * files))
  const words = wordList(random, 4096)
  const directories = makeDirectories(directory, Math.max(8, files / 10), random, words)
  const hidden = new Map<number, string>()
  const hide = (line: string) => {
    let place = random.below(files)
    while (hidden.has(place) || place % 20 === 7) place = random.below(files)
    hidden.set(place, line)
  }
  for (const line of [needles.literal, needles.literal, needles.literal, needles.alternation, needles.hex])
    hide(line)
  for (const ioc of iocs) hide(`fetch('https://${ioc}/x')`)
  const droppers = new Set([0, 1, 2].map((third) => Math.floor(((third + 0.5) * files) / 3)))
  const hashes: string[] = []
  const names: string[] = []
  for (let n = 0; n < files; n++) {
    const isSettings = n % 20 === 7
    const name = isSettings
      ? `${random.pick(words)}${n}.conf`
      : `${random.pick(words)}${n}.${random.pick(suffixes)}`
    const path = join(random.pick(directories), droppers.has(n) ? 'evil-dropper.js' : name)
    const size = Math.min(2 ** 20, Math.round(random.logNormal(1200, 40_000)))
    const line = hidden.get(n)
    const text = isSettings ? settingsText(random, words, n) : sliceOf(random, pool, size)
    const content = line === undefined ? text : Buffer.concat([text, Buffer.from(`${line}\n`)])
    writeFileSync(path, content, { mode: n % 50 === 3 ? 0o755 : 0o644 })
    // The mask of whoever runs this is no part of the corpus.
    if (n % 50 === 3) chmodSync(path, 0o755)
    if (n % 10 === 4) utimesSync(path, long, long)
    if (n % Math.ceil(files / 5) === 5) hashes.push(createHash('sha256').update(content).digest('hex'))
    if (n % Math.ceil(files / 40) === 6 && !droppers.has(n)) names.push(name)
  }
  return { directory, files, hashes, names }
}

/** Eight in each, as a heap is numbered. */
function makeDirectories(
  top: string,
  count: number,
  random: SeededRandom,
  words: readonly string[],
): readonly string[] {
  const all = [top]
  mkdirSync(top, { recursive: true })
  for (let n = 1; n < count; n++) {
    const path = join(all[(n - 1) >> 3] ?? top, `${random.pick(words)}${n}`)
    mkdirSync(path)
    all.push(path)
  }
  return all
}

/** Settings; in every third file there is one line that is none. */
function settingsText(random: SeededRandom, words: readonly string[], n: number): Buffer {
  const lines = Array.from(
    { length: 5 + random.below(40) },
    () => `${random.pick(words)}=${random.below(1e6)}`,
  )
  if (n % 3 === 0) lines.splice(random.below(lines.length), 0, '[a section]')
  return Buffer.from(`${lines.join('\n')}\n`)
}
