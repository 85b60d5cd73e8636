import { describe, expect, test } from 'vitest'
import type { ScanPattern } from '../../../modules/scan/plan.ts'
import type { TextKind } from '../../../modules/scan/program/text-kind.ts'
import type { Scan } from '../../../modules/scan/scan.ts'
import { Scanner } from '../../../modules/scan/scanner.ts'
import { maxHeldLineBytes } from '../../../node/core/limits.ts'
import { goLines } from './go-lines.ts'
import { Dice } from './random-pattern.ts'

describe('a scan', () => {
  test('finds across chunks in a line longer than any that is held, and knows where the line begins', () => {
    const line = Buffer.alloc(3 * maxHeldLineBytes, 'x')
    line.write('needle', 0)
    line.write('badguy', 2 * maxHeldLineBytes)
    const text = Buffer.concat([Buffer.from('first\n'), line, Buffer.from('END\nlast badguy')])
    const sources = [
      'badguy',
      '^needle.*END$',
      'needle.*first',
      'ENDlast',
      '^last badguy$',
      '^x{3}badguy',
      'x*END$',
    ]
    const scan = scanned(sources, text, 64 * 1024 + 1)
    expect(Object.fromEntries(scan.found)).toEqual({ 0: 6, 1: 6, 4: line.length + 10, 6: 6 })
  })

  test('strips one \\r before \\n, also when they come apart, and one at the very end', () => {
    for (const size of [1, 2, 3, 100]) {
      expect(foundIn(['^abc$', 'abc\\r', '^\\r$'], Buffer.from('abc\r\n'), size)).toEqual([0])
      expect(foundIn(['^abc$', 'abc\\r', 'abc\\r\\r'], Buffer.from('abc\r\r\n'), size)).toEqual([1])
      expect(foundIn(['^abc$', 'abc\\r'], Buffer.from('abc\r'), size)).toEqual([0])
      expect(foundIn(['abc\\rd', '^$'], Buffer.from('abc\rd'), size)).toEqual([0])
    }
  })

  test('sees no line in an empty text, and none behind the last newline', () => {
    expect(foundIn(['^$', 'x*'], Buffer.alloc(0))).toEqual([])
    expect(foundIn(['^$', 'x*'], Buffer.from('a\n'))).toEqual([1])
    expect(foundIn(['^$'], Buffer.from('a\n\n'))).toEqual([0])
  })

  test('never finds what needs a newline in a line, or a surrogate', () => {
    expect(
      foundIn(['a\\nb', '\\x{d800}', 'abc\\n', 'ab(?s).c'], Buffer.from('a\nb\u{d7ff}\nabc\nab\nc')),
    ).toEqual([])
  })

  test('goes on when only patterns that match nothing are left to be looked for', () => {
    const lines = Buffer.from('const a\n'.repeat(5000))
    for (const size of [1000, 40_000]) {
      expect(foundIn(['const', 'a\\nconst'], lines, size)).toEqual([0])
      expect(
        foundIn(['const.*b', 'a\\nconst', 'const$'], Buffer.concat([lines, lines, lines]), size),
      ).toEqual([])
    }
    const scan = scanned(['const', 'a\\nconst'], lines, 1000)
    expect(scan.isDone).toBe(true)
  })

  test('finds the line that lacks a match, the last one too, and none where all have one', () => {
    const find = (text: string): readonly number[] =>
      foundIn(
        [
          { source: '=', finds: 'line-without' },
          { source: '^$', finds: 'line-without' },
        ],
        Buffer.from(text),
        2,
      )
    expect(find('a=1\nb=2\n')).toEqual([1])
    expect(find('a=1\nb=2\nc')).toEqual([0, 1])
    expect(find('\n\n')).toEqual([0])
    expect(find('')).toEqual([])
  })

  test('is done, and takes no more, once everything is found or dropped', () => {
    const scan = new Scanner([pattern('a'), pattern('needle'), pattern('q+')], 'lines').begin()
    run(scan.feed(Buffer.from('aqua needle\n')))
    expect([...scan.found.keys()].sort()).toEqual([0, 1, 2])
    expect(scan.isDone).toBe(true)
    const other = new Scanner([pattern('a'), pattern('needle')], 'lines').begin()
    run(other.feed(Buffer.from('xyz')))
    other.drop(0)
    expect(other.isDone).toBe(false)
    other.drop(1)
    expect(other.isDone).toBe(true)
  })

  test('keeps two texts of one scanner apart', () => {
    const scanner = new Scanner([pattern('ab+c'), pattern('needle'), pattern('x$')], 'lines')
    const [one, two] = [scanner.begin(), scanner.begin()]
    run(one.feed(Buffer.from('ab nee')))
    run(two.feed(Buffer.from('c dle x')))
    run(one.feed(Buffer.from('bc dle')))
    run(one.end())
    run(two.end())
    expect([...one.found.keys()]).toEqual([])
    expect([...two.found.keys()]).toEqual([2])
  })

  test('knows nothing of a text in the midst of which it was closed', () => {
    const scanner = new Scanner(
      [
        { source: '[0-9]+x?', finds: 'match', reports: 'lines' },
        { source: '(a?b?c?){500}[ab]{500}e', finds: 'match' },
      ],
      'lines',
      { maxPlaces: 5 },
    )
    const one = scanner.begin()
    for (const _ of one.whole(Buffer.from(`\n\n\n1\n${'ab'.repeat(50_000)}`))) break
    expect(one.isDone).toBe(false)
    one.close()
    const two = scanner.begin()
    expect(two).toBe(one)
    run(two.feed(Buffer.from('55 is long\n7\n')))
    run(two.end())
    expect(two.linesOf(0)).toMatchObject({
      count: 2,
      places: [
        { line: 1, offset: 0 },
        { line: 2, offset: 11 },
      ],
    })
  })

  test('says of a text as a whole where a match ends that its end decides', () => {
    for (const kind of ['text', 'bytes'] as const) {
      expect([...scanned(['b$', 'a'], Buffer.from('xxxxab'), 4, kind).found]).toEqual([
        [1, 6],
        [0, 6],
      ])
    }
  })

  test('finds in bytes across newlines and chunks', () => {
    const text = Buffer.from('6d7a90000300000004000000ffff0000b80a0d0a0a5045', 'hex')
    const sources = [
      '^mz',
      '^m.\\x90\\x00',
      '\\xb8\\n\\r\\n',
      '\\xff\\xff\\x00\\x00\\xb8',
      'PE$',
      '(?i)pe',
      '\\x04\\x00{4}',
    ]
    for (const size of [1, 2, 5, 100])
      expect(foundIn(sources, text, size, 'bytes')).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('finds in a text as a whole what crosses lines, and reads invalid bytes as Go does, also at the end', () => {
    const found = (text: string, ...sources: string[]): readonly number[] => {
      const bytes = Buffer.from(text, 'latin1')
      const [first, ...others] = [1, 2, 3, 100].map((size) => foundIn(sources, bytes, size, 'text'))
      for (const other of others) expect(other).toEqual(first)
      return first as readonly number[]
    }
    expect(found('xab\ncdx', 'ab\\ncd', '(?s)b.c', 'b.c', 'b$', '(?m)b$')).toEqual([0, 1, 4])
    expect(found('ab\r\ncd', 'b\\r\\nc', '^ab$', '(?m)^cd$')).toEqual([0, 2])
    expect(found('abc\xffdef', 'abc\\x{fffd}def', 'abc.def', 'abc..def', '\\xff')).toEqual([0, 1])
    expect(found('a\xc3', '^a.$', '^a$', 'a\\x{fffd}\\z', '^a..$')).toEqual([0, 2])
    expect(found('a\xe2\x82', '^a.$', '^a..$')).toEqual([1])
    expect(found('\xc3\xa9\n', '\u00e9', '^.\\n$', '\\pL\\s\\z')).toEqual([0, 1, 2])
    expect(found('', '^$', '\\A\\z', 'a*', '.')).toEqual([0, 1, 2])
  })

  test('finds each of a thousand words that a text has, and no other', () => {
    const dice = new Dice(5)
    const words = Array.from({ length: 1000 }, () =>
      Array.from({ length: 10 }, () => dice.one([...'abcdefgh'])).join(''),
    )
    const here = words.filter(() => dice.below(10) === 0)
    const text = Buffer.from(here.map((word, i) => `${'abcdefgh'.repeat(i % 7)}${word}\n`).join(''))
    const found = foundIn(words, text, 777)
    expect(found).toEqual([...words.keys()].filter((i) => text.includes(words[i] as string)))
    expect(found.length).toBeGreaterThan(50)
  })

  test('finds the same in long pieces, in which it walks in several places at once', () => {
    const dice = new Dice(8)
    const sources = [
      '[0-9]{7}',
      '^q[a-z]*$',
      'x.?.?y.?z',
      '[k-m]{9}',
      '^.{60,}$',
      '(?i)k[a-c]{5}',
      '\\bno.?\\b',
      '^.*=[a-f]+$',
    ]
    const patterns: ScanPattern[] = [
      ...sources.map(pattern),
      ...['.', '^.{0,50}$', '[a-m]'].map((source): ScanPattern => ({ source, finds: 'line-without' })),
    ]
    let found = 0
    for (let round = 0; round < 12; round++) {
      const letters = [...dice.one(['abcdefghij 0123=', 'klmnopqxyz\r=', 'é€aKk9'])]
      const length = dice.one([20, 200])
      const text = Buffer.from(
        Array.from({ length: 100_000 }, () => (dice.below(length) === 0 ? '\n' : dice.one(letters))).join(''),
      )
      const expected = patterns.flatMap(({ source, finds }, i) =>
        goLines(source, text).includes(finds === 'match') ? [i] : [],
      )
      expect(foundIn(patterns, text, dice.one([16_384, 40_000, 400_000]))).toEqual(expected)
      found += expected.length
    }
    expect(found).toBeGreaterThan(24)
    expect(found).toBeLessThan(108)
  }, 60_000)

  test('goes byte by byte where texts are made of what many literals begin with, and finds the same', () => {
    // The last is short: only so much of the others is looked at to skip.
    const words = [...Array.from({ length: 300 }, (_, i) => `${'a'.repeat(30)}b${i}c`), `${'a'.repeat(19)}q`]
    const patterns = [...words, '^a+$', 'a{40}x.*y$']
    const line = `${'a'.repeat(100)}\n`
    const text = Buffer.from(
      `${line.repeat(300)}${words[7]}\n${line.repeat(300)}${'a'.repeat(50)}x-y\naab9${words[250]}`,
    )
    for (const size of [1000, 30_000, 1_000_000]) {
      expect(foundIn(patterns, text, size)).toEqual([7, 250, 301, 302])
      expect(foundIn(words, text, size, 'bytes')).toEqual([7, 250])
      const { work, found } = scanned(patterns, text, size)
      expect(work / text.length).toBeLessThan(50)
      expect(found.get(7)).toBe(300 * 101)
      expect(found.get(250)).toBe(text.lastIndexOf('\n') + 1)
    }
  })

  test('goes byte by byte where a literal is in every line, and finds the same', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `common ${i} words`)
    const text = Buffer.from(lines.join('\n'))
    const sources = ['common.*19999 w', 'common.*20000', 'words$', '1999[89] words$']
    expect(foundIn(sources, text, 10_000)).toEqual([0, 2, 3])
  })
})

function pattern(source: string): ScanPattern {
  return { source, finds: 'match' }
}

function scanned(
  sources: readonly (string | ScanPattern)[],
  text: Buffer,
  chunkBytes: number,
  kind: TextKind = 'lines',
): Scan {
  const patterns = sources.map((source) => (typeof source === 'string' ? pattern(source) : source))
  const scan = new Scanner(patterns, kind).begin()
  for (let at = 0; at < text.length; at += chunkBytes) run(scan.feed(text.subarray(at, at + chunkBytes)))
  run(scan.end())
  return scan
}

function foundIn(
  sources: readonly (string | ScanPattern)[],
  text: Buffer,
  chunkBytes = 64 * 1024,
  kind: TextKind = 'lines',
): readonly number[] {
  return [...scanned(sources, text, chunkBytes, kind).found.keys()].sort((a, b) => a - b)
}

function run(work: Iterable<void>): void {
  for (const _ of work);
}
