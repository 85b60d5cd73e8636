import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { fileModule } from '../../../modules/file/index.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'
import { makeFixtureT } from './golden.ts'
import { s1, searchIn } from './search.ts'

function tree(files: Readonly<Record<string, string | Buffer>>): string {
  const root = temporaryDirectory()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

const barMd5 = 'c157a79031e1c40f85931829bc5fc552' // bar\n

describe('what is echoed and printed', () => {
  it('stands by itself for each check in matchany', async () => {
    const root = temporaryDirectory()
    makeFixtureT(root)
    for (const file of ['a/f1', 'a/b/f2', 'a/b/c/f3', 'a/z/f5']) {
      utimesSync(join(root, 'base', file), 1_600_000_000, 1_600_000_000)
    }
    const search = { paths: ['/base/a'], names: ['^f1', 'nomatch'], sizes: ['<5'] }
    const answer = await searchIn(root, s1(search, { matchall: false }))
    const seen = (answer.elements.s1 ?? []).map(({ file, search: { options, ...echo } }) => ({
      file,
      ...echo,
    }))
    expect(seen).toHaveLength(5)
    expect(seen).toContainEqual({ file: '/base/a/f1', paths: ['/base/a'], names: ['^f1'] })
    expect(seen).toContainEqual({ file: '', paths: ['/base/a'], names: ['nomatch'] })
    expect(seen).toContainEqual({ file: '/base/a/b/f2', paths: ['/base/a/b'], sizes: ['<5'] })
    const result = {
      foundanything: answer.found,
      success: true,
      elements: answer.elements,
      statistics: { filescount: 4, openfailed: 0, totalhits: 4, exectime: '5.83ms' },
      errors: ['not-found: /x'],
    }
    const info = "[lastmodified:2020-09-13 12:26:40 +0000 UTC, mode:-rw-r--r--, size:4] in search 's1'"
    const found = fileModule.render(result, { foundOnly: true })
    expect(found).toHaveLength(4)
    expect(found).toContain(`/base/a/b/f2 ${info} on checks size='<5'`)
    const all = fileModule.render(result, { foundOnly: false })
    expect(all.slice(-3)).toEqual([
      "0 match found in search 's1' on checks name='nomatch'",
      'not-found: /x',
      'Statistics: 4 files checked, 0 failed to open, 4 matched, ran in 5.83ms.',
    ])
  })

  it('is the whole search without its limits in matchall, with the hash when it is asked for', async () => {
    const root = temporaryDirectory()
    makeFixtureT(root)
    const search = { description: 'why', paths: ['/base/a'], names: ['^f1$'] }
    const options = { returnsha256: true, maxdepth: 3, maxerrors: 4, matchlimit: 5 }
    const answer = await searchIn(root, s1(search, options))
    expect(answer.elements.s1?.[0]).toMatchObject({
      search: {
        ...search,
        options: {
          maxdepth: 0,
          maxerrors: 0,
          matchall: true,
          macroal: false,
          mismatch: null,
          matchlimit: 0,
          returnsha256: true,
        },
      },
      fileinfo: { size: 8, sha256: 'D78931FCF2660108EEC0D6674ECB4E02401B5256A6B5EE82527766EF6D198C67' },
    })
    const lines = fileModule.render(
      { foundanything: true, success: true, elements: answer.elements, statistics: null, errors: null },
      { foundOnly: true },
    )
    expect(lines[0]).toMatch(/, size:8, sha256:d78931fc[0-9a-f]{56}\] in search 's1'$/)
  })

  it('survives a result that is rubbish', () => {
    const rubbish = {
      foundanything: true,
      success: true,
      elements: [{ s1: 7 }],
      statistics: 'x',
      errors: null,
    }
    expect(fileModule.render(rubbish, { foundOnly: false })).toEqual([])
  })

  it('says for each search by itself that nothing matched', async () => {
    const root = tree({ 'd/a': 'x' })
    const search = (name: string) => ({ paths: ['/d'], names: [name], options: { matchall: true } })
    const answer = await searchIn(root, { searches: { one: search('a'), two: search('b') } })
    expect(answer.elements.one?.map(({ file }) => file)).toEqual(['/d/a'])
    expect(answer.elements.two?.map(({ file }) => file)).toEqual([''])
  })
})

describe('content and hashes', () => {
  it('hold together, an inverse expression and a hash too', async () => {
    const root = tree({ foo: 'foo\n', bar: 'bar\n' })
    expect((await searchIn(root, s1({ paths: ['/'], contents: ['!foo'], md5: [barMd5] }))).files()).toEqual([
      '/bar',
    ])
    expect((await searchIn(root, s1({ paths: ['/'], contents: ['foo'], md5: [barMd5] }))).files()).toEqual([])
  })

  it('are those of the decoded bytes only for the search that says decompress', async () => {
    const root = tree({ 'a.gz': gzipSync('bar\n') })
    const search = (decompress: boolean) => ({
      paths: ['/'],
      contents: ['^bar$'],
      md5: [barMd5],
      options: { matchall: true, decompress, returnsha256: true },
    })
    const raw = { paths: ['/'], contents: ['!^bar$'], options: { matchall: true } }
    const answer = await searchIn(root, { searches: { yes: search(true), no: search(false), raw } })
    expect(answer.files('yes')).toEqual(['/a.gz'])
    expect(answer.files('no')).toEqual([])
    expect(answer.files('raw')).toEqual(['/a.gz'])
    expect(answer.elements.yes?.[0]?.fileinfo.sha256).toBe(
      '7D865E959B2466918C9863AFCA942D0FB89D7C9AC0C99BAFC3749504DED97730',
    )
  })

  it('of several members of gzip are read as one', async () => {
    const root = tree({ 'two.gz': Buffer.concat([gzipSync('first\n'), gzipSync('second\n')]) })
    const answer = await searchIn(root, s1({ paths: ['/'], contents: ['^second$'] }, { decompress: true }))
    expect(answer.files()).toEqual(['/two.gz'])
  })

  it('are found behind the size of one read', async () => {
    const root = tree({ big: `${'padding line\n'.repeat(100_000)}needle\n` })
    const hit = await searchIn(root, s1({ paths: ['/'], contents: ['^needle$'] }, { returnsha256: true }))
    expect(hit.files()).toEqual(['/big'])
    const every = await searchIn(root, s1({ paths: ['/'], contents: ['^padding'] }, { macroal: true }))
    expect(every.files()).toEqual([])
  })

  it('of an empty file: macroal wants a line, its inverse none', async () => {
    const root = tree({ empty: '' })
    const ask = async (regex: string, mismatch: string[] = []) =>
      (await searchIn(root, s1({ paths: ['/'], contents: [regex] }, { macroal: true, mismatch }))).files()
        .length
    expect([await ask('.*'), await ask('!.*')]).toEqual([0, 1])
    expect([await ask('.*', ['content']), await ask('!.*', ['content'])]).toEqual([1, 0])
  })

  it('several searches with inverse expressions do not disturb one another', async () => {
    const root = tree({ foo: 'foo\n', bar: 'bar\n' })
    const options = { matchall: true }
    const answer = await searchIn(root, {
      searches: {
        a: { paths: ['/'], names: ['^nothing$'], contents: ['!foo'], options },
        b: { paths: ['/'], contents: ['!foo'], options },
        c: { paths: ['/'], contents: ['foo'], options },
      },
    })
    expect([answer.files('a'), answer.files('b'), answer.files('c')]).toEqual([[], ['/bar'], ['/foo']])
  })
})

describe('where a search looks', () => {
  it('is a directory, not a beginning of its name', async () => {
    const root = tree({ 'x/a/one': '', 'x/ab/two': '' })
    const options = { matchall: true }
    const answer = await searchIn(root, {
      searches: {
        narrow: { paths: ['/x/a'], names: ['.'], options },
        wide: { paths: ['/x'], names: ['.'], options },
      },
    })
    expect(answer.files('narrow')).toEqual(['/x/a/one'])
    expect(answer.files('wide')).toEqual(['/x/a/one', '/x/ab/two'])
  })

  it('goes on below an inner path although the outer one ends above it', async () => {
    const root = tree({ 'a/1': '', 'a/b/2': '', 'a/b/c/3': '', 'a/b/c/d/4': '' })
    const answer = await searchIn(root, s1({ paths: ['/a', '/a/b/c'], names: ['.'] }, { maxdepth: 1 }))
    expect(answer.files()).toEqual(['/a/1', '/a/b/c/3'])
    const meeting = await searchIn(root, s1({ paths: ['/a', '/a/b'], names: ['.'] }, { maxdepth: 2 }))
    expect(meeting.files()).toEqual(['/a/1', '/a/b/2', '/a/b/c/3'])
    expect(meeting.statistics.filescount).toBe(3)
  })

  it('may be a file that lies in another path', async () => {
    const root = tree({ 'a/1': '', 'a/2': '' })
    const options = { matchall: true }
    const searches = {
      file: { paths: ['/a/1'], names: ['.'], options },
      directory: { paths: ['/a'], names: ['.'], options },
    }
    const answer = await searchIn(root, { searches })
    expect(answer.files('file')).toEqual(['/a/1'])
    expect(answer.files('directory')).toEqual(['/a/1', '/a/2'])
    expect(answer.statistics.filescount).toBe(2)
  })

  it('is taken by the letter: a glob is a name', async () => {
    const root = tree({ 'home/x': '', 'ho*/y': '' })
    const answer = await searchIn(root, s1({ paths: ['/ho*'], names: ['.'] }))
    expect(answer.files()).toEqual(['/ho*/y'])
  })

  it('does not include pseudo file systems that a walk meets, unless they are asked for', async () => {
    const met = await searchIn('/', s1({ paths: ['/'], names: ['^no such name$'] }, { maxdepth: 2 }))
    expect(met.errors).toContain('skipped-filesystem: /proc')
    const asked = await searchIn('/', s1({ paths: ['/proc/self/net'], names: ['^tcp$'] }))
    // A link to a directory is not entered, also here.
    expect(asked.errors).toEqual(['symlink-not-followed: /proc/self'].slice(1))
    const kernel = await searchIn(
      '/',
      s1({ paths: ['/proc'], names: ['^version$'], contents: ['Linux'] }, { maxdepth: 1 }),
    )
    expect(kernel.files()).toEqual(['/proc/version'])
    const both = await searchIn('/', s1({ paths: ['/', '/proc'], names: ['^version$'] }, { maxdepth: 1 }))
    expect(both.files()).toContain('/proc/version')
  })
})

describe('limits', () => {
  it.each([
    [0, 5, undefined],
    [1, 2, 4],
    [2, 3, 3],
    [5, 5, undefined],
    [6, 5, undefined],
  ])('maxerrors %i gives %i errors', async (maxerrors, count, rest) => {
    const root = tree({ 'd/file': '' })
    for (let i = 0; i < 5; i++) symlinkSync('nowhere', join(root, `d/l${i}`))
    const answer = await searchIn(root, s1({ paths: ['/d'], names: ['x'] }, { maxerrors }))
    expect(answer.errors).toHaveLength(count)
    expect(answer.statistics.openfailed).toBe(5)
    if (rest !== undefined) {
      expect(answer.errors.at(-1)).toBe(
        `limit-reached: ${rest} errors were not returned (max errors = ${maxerrors})`,
      )
    }
  })

  it('matchlimit of one search ends that search, not the other', async () => {
    const root = tree(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`d${i % 3}/f${i}`, ''])))
    const search = (matchlimit: number) => ({
      paths: ['/'],
      names: ['^f'],
      options: { matchall: true, matchlimit },
    })
    const answer = await searchIn(root, { searches: { few: search(4), all: search(0), ten: search(10) } })
    expect([answer.files('few').length, answer.files('all').length, answer.files('ten').length]).toEqual([
      4, 10, 10,
    ])
  })

  it('maxMatches of the run ends it, and nothing is called missing then', async () => {
    const root = tree(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`f${i}`, ''])))
    const search = (name: string) => ({ paths: ['/'], names: [name], options: { matchall: true } })
    const answer = await searchIn(root, { searches: { a: search('^f'), b: search('^g') } }, { maxMatches: 3 })
    expect(answer.files('a')).toHaveLength(3)
    expect(answer.elements.b).toBeUndefined()
    expect(answer.truncated).toBe(true)
  })

  it('an empty question has an empty answer', async () => {
    for (const parameters of [{}, { searches: {} }]) {
      const answer = await searchIn(temporaryDirectory(), parameters)
      expect(answer.success).toBe(true)
      expect(answer.elements).toEqual({})
      expect(answer.statistics).toMatchObject({ filescount: 0, openfailed: 0, totalhits: 0 })
    }
  })
})
