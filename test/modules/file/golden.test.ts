import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  atBase,
  deepestOfR,
  makeFixtureE,
  makeFixtureG,
  makeFixtureM,
  makeFixtureR,
  makeFixtureT,
  readGolden,
} from './golden.ts'
import { s1, searchIn } from './search.ts'

interface Case {
  readonly id: string
  readonly desc: string
  readonly paths: readonly string[]
  readonly search: object
  readonly options: object
  readonly files: readonly string[]
  readonly success: boolean
  readonly errors: readonly string[]
  readonly stats?: { readonly filescount: number; readonly openfailed: number; readonly totalhits: number }
}

/** Where we do not what MIG did but what it promised, or say more: the module's README gives each reason. */
type Ours = Readonly<Record<string, Partial<Pick<Case, 'files' | 'errors' | 'stats'>>>>

const now = Date.parse('2026-11-24T12:00:00Z')

function fixture(make: (root: string) => void): { root: string } {
  const held = { root: '' }
  beforeAll(() => {
    held.root = mkdtempSync(join(tmpdir(), 'mig-golden-'))
    make(held.root)
  })
  afterAll(() => execFileSync('rm', ['-rf', held.root]))
  return held
}

/** MIG's sentences → our codes: what a library or the system says is not passed on. */
function codesOf(errors: readonly string[]): readonly string[] {
  const codes = errors.map((text) => {
    if (/too many links|^symlink-loop/.test(text)) return 'symlink-loop'
    if (/no such file|^not-found/.test(text)) return 'not-found'
    if (/was not followed|^symlink-not-followed/.test(text)) return 'symlink-not-followed'
    if (/flate: corrupt|^corrupt-data/.test(text)) return 'corrupt-data'
    return text
  })
  return codes.sort()
}

async function check(root: string, golden: Case, ours: Ours): Promise<void> {
  const { paths, search, options } = atBase(golden)
  const answer = await searchIn(root, s1({ paths, ...search }, options), { now })
  expect(answer.success).toBe(golden.success)
  if (!golden.success) {
    expect(answer.errors).toHaveLength(1)
    return
  }
  const expected = { ...golden, ...ours[golden.id] }
  expect(answer.files()).toEqual(expected.files.map((file) => `/base/${file}`).sort())
  expect(answer.found).toBe(expected.files.length > 0)
  expect(codesOf(answer.errors)).toEqual(codesOf(expected.errors))
  if (expected.stats !== undefined) expect(answer.statistics).toMatchObject(expected.stats)
}

describe('fixture R, as MIG answered', () => {
  const held = fixture(makeFixtureR)
  const ours: Readonly<Record<string, readonly string[]>> = {
    // MIG is silent about the corrupt r8 when only its content is asked for.
    FR37: ['not-found', 'corrupt-data', 'corrupt-data'],
    FR38: ['not-found', 'corrupt-data', 'corrupt-data'],
  }
  it.each(readGolden<Case & { root: readonly string[]; sub: readonly string[] }>('cases-r'))(
    '$id $desc',
    async (golden) => {
      const { paths, search, options } = atBase(golden)
      // Its files were written just now.
      const answer = await searchIn(held.root, s1({ paths, ...search }, options))
      const files = [
        ...golden.root.map((name) => `/base/${name}`),
        ...golden.sub.map((name) => `${deepestOfR}/${name}`),
      ]
      expect(answer.files()).toEqual(files.sort())
      expect(codesOf(answer.errors)).toEqual(codesOf(ours[golden.id] ?? golden.errors))
      expect(answer.statistics).toMatchObject(golden.stats ?? {})
    },
  )
})

describe('fixture E, edges of content', () => {
  const held = fixture(makeFixtureE)
  const ours: Ours = {
    // No line is too long to be searched.
    FE02: {
      files: ['long65535', 'long65535nonl', 'long65536', 'long70000'],
      stats: { filescount: 9, openfailed: 0, totalhits: 4 },
    },
    FE09: {
      files: ['crlf', 'empty', 'long65535nonl', 'nonl', 'one'],
      stats: { filescount: 9, openfailed: 0, totalhits: 5 },
    },
    FE16: {
      files: ['crlf', 'inv', 'long65535', 'long65535nonl', 'long65536', 'long70000', 'nonl', 'one'],
      stats: { filescount: 9, openfailed: 0, totalhits: 8 },
    },
    // A file too short to be gzip is read as it is.
    FE23: {
      files: ['crlf', 'nonl', 'one'],
      errors: [],
      stats: { filescount: 9, openfailed: 0, totalhits: 3 },
    },
    FE24: { files: ['one'], errors: [], stats: { filescount: 9, openfailed: 0, totalhits: 1 } },
    FE25: { files: ['empty'], errors: [] },
  }
  it.each(readGolden<Case>('cases-content'))('$id $desc', (golden) => check(held.root, golden, ours))
})

describe('fixture G, filters', () => {
  const held = fixture(makeFixtureG)
  const withoutFoo = ['bar.txt', 'baz.txt', 'exec', 'sgid', 'sticky', 'suid', 'w']
  const ours: Ours = {
    // mismatch turns a content filter round like any other.
    FG04: { files: withoutFoo },
    FG05: { files: ['bar.txt'] },
    FG06: { files: ['foo.txt'] },
    FG07: { files: ['foo.txt'] },
    // `!` inverts a mode filter, as the validator of MIG supposes.
    FG23: { files: ['sgid', 'sticky', 'suid'] },
  }
  const cases = readGolden<Case & { label?: string; raw_stdout_prefix?: string }>('cases-filters')
  it.each(cases.filter((golden) => golden.files !== undefined))('$id $desc', (golden) =>
    check(held.root, golden, ours),
  )

  it.each(cases.filter((golden) => golden.label !== undefined))(
    '$id $desc',
    async ({ label = '', success }) => {
      const answer = await searchIn(held.root, {
        searches: { [label]: { paths: ['/base'], names: ['^foo'] } },
      })
      expect(answer.success).toBe(success)
      if (success) expect(answer.files(label)).toEqual(['/base/foo.txt'])
    },
  )

  it.each(['FG28', 'FG46'])('%s is refused', async (id) => {
    const golden = cases.find((each) => each.id === id) as Case
    const answer = await searchIn(held.root, s1({ paths: golden.paths, ...golden.search }))
    expect(answer.success).toBe(false)
  })
})

describe('ages', () => {
  const held = fixture((root) => makeFixtureM(root, now))
  it.each(readGolden<{ id: string; mtime: string; files: readonly string[] }>('cases-mtime'))(
    '$id $mtime',
    async ({ mtime, files }) => {
      const answer = await searchIn(held.root, s1({ paths: ['/base'], mtimes: [mtime] }), { now })
      expect(answer.files()).toEqual(files.map((file) => `/base/${file}`).sort())
    },
  )
})

describe('fixture T, traversal', () => {
  const held = fixture(makeFixtureT)
  const ours: Ours = {
    // Nested roots are walked once.
    FT17: { stats: { filescount: 4, openfailed: 0, totalhits: 4 } },
  }
  const cases = readGolden<Case>('cases-traversal').filter(({ id }) => id !== 'FT19')
  it.each(cases)('$id $desc', (golden) => check(held.root, golden, ours))

  it('FT19 stops at the matchlimit, not after it', async () => {
    const search = { paths: ['/base/a'], names: ['^f'], sizes: ['<100'] }
    const answer = await searchIn(held.root, s1(search, { matchall: false, matchlimit: 3 }))
    expect(answer.statistics.totalhits).toBe(3)
    expect(answer.truncated).toBe(true)
    expect(answer.errors).toEqual(['limit-reached: s1: matchlimit 3'])
  })

  // Depth, scope and limit of one search are its own.
  const several: Readonly<Record<string, { files: Record<string, string[] | number>; stats: object }>> = {
    FX02: {
      files: { A: ['a/b/c/f3', 'a/b/f2', 'a/f1', 'a/z/f5'], B: ['a/f1'] },
      stats: { filescount: 4, totalhits: 5 },
    },
    FX03: {
      files: { A: ['a/b/c/f3', 'a/b/f2', 'a/f1', 'a/z/f5'], B: ['a/b/c/f3', 'a/b/f2'] },
      stats: { filescount: 4, totalhits: 6 },
    },
    FX04: {
      files: { A: 2, B: ['a/b/c/f3', 'a/b/f2', 'a/f1', 'a/z/f5'] },
      stats: { filescount: 4, totalhits: 6 },
    },
  }
  interface Several {
    readonly id: string
    readonly desc: string
    readonly searches: Readonly<Record<string, { paths: string[]; options?: object; search: object }>>
  }
  it.each(readGolden<Several>('cases-several'))('$id $desc: not with us', async (golden) => {
    const searches = Object.fromEntries(
      Object.entries(atBase(golden.searches)).map(([label, { paths, options, search }]) => [
        label,
        { paths, ...search, options: { matchall: true, ...options } },
      ]),
    )
    const answer = await searchIn(held.root, { searches })
    for (const [label, files] of Object.entries(several[golden.id]?.files ?? {})) {
      if (typeof files === 'number') expect(answer.files(label)).toHaveLength(files)
      else expect(answer.files(label)).toEqual(files.map((file) => `/base/${file}`))
    }
    expect(answer.statistics).toMatchObject(several[golden.id]?.stats ?? { missing: golden.id })
  })
})
