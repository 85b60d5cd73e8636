import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeDeepTree } from '../../fixtures/deep-tree.ts'
import { fileThreads } from './file-threads.ts'
import { s1, searchIn } from './search.ts'

let root = ''

/** 1,200 directories, 12,000 files: enough that threads have come before it is over. */
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'mig-test-'))
  const filler = 'some words of no interest\n'.repeat(40)
  for (let a = 0; a < 12; a++) {
    for (let b = 0; b < 100; b++) {
      const directory = join(root, `a${a}/b${b % 10}/c${b}`)
      mkdirSync(directory, { recursive: true })
      for (let f = 0; f < 10; f++) {
        const number = (a * 100 + b) * 10 + f
        writeFileSync(join(directory, `f${f}.txt`), number % 7 === 0 ? `${filler}needle ${number}\n` : filler)
      }
      if (b % 25 === 0) symlinkSync('nowhere', join(directory, 'broken'))
      if (b % 20 === 0) writeFileSync(join(directory, 'packed.gz'), gzipSync(`${filler}needle\n`))
    }
  }
  symlinkSync('.', join(root, 'again'))
  writeFileSync(Buffer.concat([Buffer.from(`${root}/a3/b1/`), Buffer.from([0xff, 0x41])]), 'needle')
  mkdirSync(Buffer.concat([Buffer.from(`${root}/a5/`), Buffer.from([0xfe])]))
  writeFileSync(
    Buffer.concat([Buffer.from(`${root}/a5/`), Buffer.from([0xfe]), Buffer.from('/in')]),
    'needle',
  )
  makeDeepTree(join(root, 'a7'), 'quite-a-name-x', 400, 'needle')
}, 60_000)

afterAll(() => {
  execFileSync('rm', ['-rf', root])
})

const options = { matchall: true }
const questions: Readonly<Record<string, unknown>> = {
  content: s1({ paths: ['/'], contents: ['needle'] }, { returnsha256: true, maxerrors: 100 }),
  inverse: s1({ paths: ['/'], contents: ['!needle'], names: ['\\.txt$'] }, { maxerrors: 100 }),
  decoded: s1({ paths: ['/'], names: ['gz$'], contents: ['^needle$'] }, { decompress: true, maxerrors: 100 }),
  'in archives': s1(
    { paths: ['/'], contents: ['^needle$'] },
    { archives: true, return: 'location', maxerrors: 100 },
  ),
  'below a link': s1({ paths: ['/again/a1', '/again/again/a2'], contents: ['needle'] }, { maxerrors: 100 }),
  'kinds and exclusions': s1(
    { paths: ['/'], types: ['d,l'], names: ['c1|broken'], excludes: ['/a4', 'b[0-3]/c'] },
    { maxerrors: 100 },
  ),
  'two searches, one within the other, matchany': {
    searches: {
      outer: { paths: ['/', '/a3/b1'], names: ['^f[12]'], sizes: ['>1050'], options: { maxdepth: 3 } },
      inner: { paths: ['/a1', '/a2/b3/c3', '/a4/b0/c0/f3.txt'], contents: ['needle 4', 'no such'] },
      nothing: { paths: ['/'], names: ['^never$'], options },
    },
  },
}

const limits = { maxMatches: 100_000 }

describe('a search by several threads', () => {
  it.each(Object.keys(questions))(
    'says what one thread says: %s',
    async (name) => {
      const alone = await searchIn(root, questions[name], limits)
      const inOrder = (answer: typeof alone) =>
        Object.entries(answer.elements).map(([label, elements]) => [
          label,
          elements.map((element) => JSON.stringify(element)).sort(),
        ])
      for (const count of [2, 4]) {
        let byOthers = 0
        const threads = fileThreads(count, {
          report: (report) => {
            byOthers += (report as { files: number }).files
          },
        })
        // On a busy machine one thread may be done before the others have come: the claim would be empty then.
        for (let attempt = 0; byOthers === 0 && attempt < 20; attempt++) {
          const together = await searchIn(root, questions[name], { ...limits, threads })
          expect(inOrder(together)).toEqual(inOrder(alone))
          expect([...together.errors].sort()).toEqual([...alone.errors].sort())
          const { exectime: _, ...counts } = together.statistics
          expect(alone.statistics).toMatchObject(counts)
        }
        expect(byOthers).toBeGreaterThan(0)
      }
    },
    60_000,
  )

  it('stops exactly at matchlimit and maxerrors, each search by itself', async () => {
    const search = (matchlimit: number) => ({
      paths: ['/'],
      contents: ['needle'],
      options: { ...options, matchlimit, maxerrors: 5 },
    })
    const question = { searches: { few: search(40), many: search(0) } }
    const answer = await searchIn(root, question, { ...limits, threads: fileThreads(3) })
    const alone = await searchIn(root, question, limits)
    expect(answer.files('few')).toHaveLength(40)
    expect(answer.files('many')).toEqual(alone.files('many'))
    expect(new Set(answer.files('few')).size).toBe(40)
    expect(answer.errors.filter((error) => error.startsWith('not-found'))).toHaveLength(5)
    expect(answer.errors.at(-1)).toBe('limit-reached: 43 errors were not returned (max errors = 5)')
  }, 60_000)

  it('stops exactly at the matches of the run, and calls nothing missing', async () => {
    const search = (name: string) => ({ paths: ['/'], contents: [name], options })
    const question = { searches: { a: search('needle'), b: search('no such word') } }
    const answer = await searchIn(root, question, { maxMatches: 100, threads: fileThreads(3) })
    expect(answer.statistics.totalhits).toBe(100)
    expect(answer.files('a')).toHaveLength(100)
    expect(answer.elements.b).toBeUndefined()
    expect(answer.truncated).toBe(true)
  })

  it('stops when it is told to, with what all of them had found', async () => {
    const abort = new AbortController()
    let heardMs = 0
    const threads = fileThreads(3, {
      report: () => {
        if (!abort.signal.aborted) heardMs = performance.now()
        abort.abort()
      },
    })
    const answer = await searchIn(root, questions.content, { ...limits, threads, signal: abort.signal })
    expect(performance.now() - heardMs).toBeLessThan(1000)
    expect(answer.truncated).toBe(true)
    expect(answer.statistics.totalhits).toBe(answer.files().length)
    expect(answer.statistics.filescount).toBeGreaterThan(0)
    expect(answer.statistics.filescount).toBeLessThan(12_000)
  })

  it('says so when a thread breaks, and goes on with the others', async () => {
    let victim: Worker | undefined
    const threads = fileThreads(3, {
      started: (worker) => {
        victim ??= worker
      },
      report: () => void victim?.terminate(),
    })
    const answer = await searchIn(root, questions.content, { ...limits, threads })
    expect(answer.success).toBe(true)
    if (answer.truncated) expect(answer.errors).toContain('limit-reached: a thread of the search has broken')
    expect(answer.files().length).toBeGreaterThan(1000)
  })

  it('starts no thread for a question that is answered at once', async () => {
    let started = 0
    const threads = {
      ...fileThreads(4, {
        started: () => {
          started += 1
        },
      }),
      afterMs: 10_000,
    }
    const answer = await searchIn(root, s1({ paths: ['/a1'], names: ['^f1'] }), { ...limits, threads })
    expect(answer.files()).toHaveLength(100)
    expect(started).toBe(0)
  })
})
