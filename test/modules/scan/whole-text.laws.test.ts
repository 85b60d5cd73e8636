import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import { decodeLossy } from '../../../modules/file/decode-lossy.ts'
import { readBuffer } from '../../../modules/scan/kernels/read-buffer.ts'
import type { TextKind } from '../../../modules/scan/program/text-kind.ts'
import { Scanner } from '../../../modules/scan/scanner.ts'
import { isValidPattern } from './go-lines.ts'
import { Dice, randomPattern, randomText, randomWordPattern, randomWordText } from './random-pattern.ts'

const pairs = Number(process.env.MIG_SCAN_PAIRS ?? 5000)
const seed = Number(process.env.MIG_SCAN_SEED ?? 3)

/** What a law needs of a kind of text. */
interface Kind {
  readonly text: TextKind
  readonly pattern: (dice: Dice) => string
  readonly bytes: (dice: Dice) => Buffer
  /** What the oracle reads. */
  readonly decode: (bytes: Buffer) => string
}

const kinds: readonly Kind[] = [
  {
    text: 'bytes',
    pattern: bytePattern,
    bytes: (dice) => Buffer.from(Array.from({ length: dice.below(40) }, () => dice.one(bytes))),
    // A character for each byte: what the oracle says of it, a machine for bytes must say.
    decode: (text) => text.toString('latin1'),
  },
  {
    text: 'text',
    pattern: (dice) => (dice.below(2) === 0 ? randomPattern(dice) : randomWordPattern(dice)),
    bytes: (dice) => Buffer.concat([randomText(dice), randomWordText(dice)]),
    decode: decodeLossy,
  },
]

describe.each(['auto', 'off'] as const)('one text, newlines and all, kernels %s', (kernels) => {
  test.each(kinds)(
    `of $text: found is what re2js finds, however it is cut, in ${pairs} random pairs`,
    (kind) => {
      const dice = new Dice(seed)
      const wrong: string[] = []
      let [found, asked] = [0, 0]
      while (asked < pairs) {
        const sources = Array.from({ length: 1 + dice.below(5) }, () => kind.pattern(dice)).filter(
          isValidPattern,
        )
        const scanner = new Scanner(
          sources.map((source) => ({ source, finds: 'match' })),
          kind.text,
          { kernels },
        )
        for (let i = 0; i < 4; i++) {
          const text = Buffer.concat(Array.from({ length: dice.below(4) }, () => kind.bytes(dice)))
          const scan = scanner.begin()
          if (dice.below(4) === 0) {
            run(scan.whole(text))
          } else {
            for (const chunk of cut(dice, text)) run(scan.feed(chunk))
            run(scan.end())
          }
          const decoded = kind.decode(text)
          for (const [pattern, source] of sources.entries()) {
            asked += 1
            const expected = RE2JS.compile(source).test(decoded)
            if (expected) found += 1
            if (scan.found.has(pattern) !== expected)
              wrong.push(`${sources.join(' ')} #${pattern} on ${text.toString('hex')}: ${!expected}`)
            else if ((scan.found.get(pattern) ?? 0) > text.length) wrong.push(`${source}: beyond the text`)
          }
          scan.close()
        }
      }
      expect(wrong.slice(0, 5)).toEqual([])
      expect(found).toBeGreaterThan(pairs / 10)
      expect(found).toBeLessThan((pairs * 9) / 10)
    },
    600_000,
  )
})

const bytes = [
  0x00, 0x0a, 0x0d, 0x0a, 0x4d, 0x5a, 0x61, 0x62, 0x62, 0x63, 0x41, 0x20, 0x39, 0x7f, 0x80, 0xc3, 0xa9, 0xe9,
  0xff,
]

/** Of what means the same for bytes and for the characters of Latin-1: no letters beyond ASCII where case is ignored. */
function bytePattern(dice: Dice, depth = 0): string {
  const atom = (): string =>
    dice.one([
      ...[
        'a',
        'b',
        'c',
        'MZ',
        'ab',
        'abc',
        '.',
        '.',
        '(?s:.)',
        '\\x00',
        '\\xff',
        '\\x80',
        '\\xe9',
        '\\n',
        '\\r\\n',
        ' ',
      ],
      ...[
        '[a-c]',
        '[^a]',
        '[\\x80-\\xff]',
        '[^\\x00-\\x7f]',
        '[\\n\\x00]',
        '\\w',
        '\\W',
        '\\s',
        '\\S',
        '\\d',
        '\\D',
      ],
      ...[
        '\\b',
        '\\B',
        '^',
        '$',
        '(?m:^)',
        '(?m:$)',
        '\\A',
        '\\z',
        '(?i:ab)',
        '(?i:[a-b]c)',
        '(?i:MZ.)',
        '\\Qa.b\\E',
      ],
    ])
  const part = (): string => {
    const inner = depth < 2 && dice.below(4) === 0 ? `(${bytePattern(dice, depth + 1)})` : atom()
    return /^(\\[bBAz]|\^|\$|\(\?m)/.test(inner)
      ? inner
      : inner + dice.one(['', '', '', '*', '+', '?', '{2}', '{1,3}', '{2,}'])
  }
  const sequence = (): string => Array.from({ length: 1 + dice.below(4) }, part).join('')
  return dice.below(5) === 0 ? `${sequence()}|${sequence()}` : sequence()
}

const read = readBuffer(4096)

function* cut(dice: Dice, text: Buffer): Generator<Buffer, void> {
  for (let at = 0; at < text.length; ) {
    const piece = text.subarray(at, at + 1 + dice.below(dice.one([3, 20, 200])))
    const start = dice.below(2000)
    const chunk = dice.below(2) === 0 ? Buffer.from(piece) : read.bytes.subarray(start, start + piece.length)
    piece.copy(chunk)
    yield chunk
    chunk.fill(0x0a)
    at += piece.length
  }
}

function run(work: Iterable<void>): void {
  for (const _ of work);
}
