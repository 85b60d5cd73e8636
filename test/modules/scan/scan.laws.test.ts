import { describe, expect, test } from 'vitest'
import type { LinePlace } from '../../../modules/scan/engine/line-counts.ts'
import type { KernelChoice } from '../../../modules/scan/kernels/kernels.ts'
import { readBuffer } from '../../../modules/scan/kernels/read-buffer.ts'
import type { ScanPattern } from '../../../modules/scan/plan.ts'
import { Scanner } from '../../../modules/scan/scanner.ts'
import { goLines, isValidPattern } from './go-lines.ts'
import { Dice, randomWordPattern, randomWordText } from './random-pattern.ts'

const pairs = Number(process.env.MIG_SCAN_PAIRS ?? 5000)
const seed = Number(process.env.MIG_SCAN_SEED ?? 2)

describe.each<KernelChoice>(['auto', 'off'])('a scan for several patterns, kernels %s', (kernels) => {
  test(`finds in a text, however it is cut, what re2js finds line by line, in ${pairs} random pairs`, () => {
    const dice = new Dice(seed)
    const wrong: string[] = []
    let [found, asked, counted] = [0, 0, 0]
    while (asked < pairs) {
      const patterns = randomPatterns(dice)
      const scanner = new Scanner(patterns, 'lines', { kernels, maxPlaces: 3 })
      for (let i = 0; i < 3; i++) {
        const text = Buffer.concat([randomWordText(dice), randomWordText(dice), randomWordText(dice)])
        const scan = scanner.begin()
        if (dice.below(4) === 0) {
          run(scan.whole(text))
        } else {
          for (const chunk of cut(dice, text)) run(scan.feed(chunk))
          run(scan.end())
        }
        for (const [pattern, { source, finds, reports }] of patterns.entries()) {
          asked += 1
          const lines = goLines(source, text)
          const wanted = finds === 'match'
          if (reports === 'lines') {
            const places = placesOf(text, lines, wanted)
            const expected = { count: places.length, places: places.slice(0, 3) }
            const { count, places: told } = scan.linesOf(pattern)
            if (places.length > 1) counted += 1
            if (JSON.stringify({ count, places: told }) !== JSON.stringify(expected)) {
              wrong.push(
                `lines of ${patterns.map((p) => p.source).join(' ')} #${pattern} ${finds} on ${text.toString('hex')}: ${JSON.stringify(told)}`,
              )
            }
          }
          const offset = scan.found.get(pattern)
          if (offset !== undefined) found += 1
          const line = offset === undefined ? undefined : lines[lineNumber(text, offset)]
          if (line !== (lines.includes(wanted) ? wanted : undefined)) {
            wrong.push(
              `${patterns.map((p) => p.source).join(' ')} #${pattern} ${finds} on ${text.toString('hex')}: ${offset}`,
            )
          }
        }
        // Now the next text has a scan of its own, now one that has seen others, to their end or not.
        if (dice.below(4) > 0) scan.close()
        if (dice.below(4) === 0) abandon(scanner, text)
      }
    }
    expect(wrong.slice(0, 5)).toEqual([])
    expect(found).toBeGreaterThan(pairs / 10)
    expect(counted).toBeGreaterThan(pairs / 20)
    expect(found).toBeLessThan((pairs * 9) / 10)
  }, 600_000)
})

function randomPatterns(dice: Dice): readonly ScanPattern[] {
  const patterns: ScanPattern[] = []
  while (patterns.length <= dice.below(6)) {
    const source = randomWordPattern(dice)
    if (!isValidPattern(source)) continue
    const finds = dice.below(5) === 0 ? 'line-without' : 'match'
    patterns.push({ source, finds, reports: dice.below(3) === 0 ? 'lines' : 'existence' })
  }
  return patterns
}

function abandon(scanner: Scanner, text: Buffer): void {
  const scan = scanner.begin()
  run(scan.feed(text.subarray(0, text.length >> 1)))
  scan.drop(0)
  scan.close()
}

const read = readBuffer(4096)

/** Pieces that are overwritten once they were taken, as a reader's buffer is; some lie where the kernels look, at any address. */
function* cut(dice: Dice, text: Buffer): Generator<Buffer, void> {
  for (let at = 0; at < text.length; ) {
    const size = 1 + dice.below(dice.one([3, 20, 200]))
    const piece = text.subarray(at, at + size)
    const start = dice.below(2000)
    const chunk = dice.below(2) === 0 ? Buffer.from(piece) : read.bytes.subarray(start, start + piece.length)
    piece.copy(chunk)
    yield chunk
    chunk.fill(0x0a)
    at += size
  }
}

function run(work: Iterable<void>): void {
  for (const _ of work);
}

/** Lines for which the oracle says `wanted`. */
function placesOf(text: Buffer, lines: readonly boolean[], wanted: boolean): readonly LinePlace[] {
  const starts = [0, ...[...text.keys()].filter((at) => text[at] === 0x0a).map((at) => at + 1)]
  return [...lines.keys()]
    .filter((i) => lines[i] === wanted)
    .map((i) => ({ line: i + 1, offset: starts[i] as number }))
}

function lineNumber(text: Buffer, offset: number): number {
  let count = 0
  for (let at = text.indexOf(0x0a); at >= 0 && at < offset; at = text.indexOf(0x0a, at + 1)) count += 1
  return count
}
