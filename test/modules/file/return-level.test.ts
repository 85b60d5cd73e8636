import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { fileModule } from '../../../modules/file/index.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'
import { makeZip } from '../archive/make-zip.ts'
import { s1, searchIn } from './search.ts'

const log = 'secret ann\nnothing\nsecret bob\r\n\nlast secret'

function tree(files: Readonly<Record<string, string | Buffer>>): string {
  const root = temporaryDirectory()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

const ask = async (files: Readonly<Record<string, string | Buffer>>, search: object, options: object = {}) =>
  searchIn(tree(files), s1({ paths: ['/'], ...search }, options))

describe('return', () => {
  it('match, as nothing, tells of no lines', async () => {
    for (const options of [{}, { return: 'match' }]) {
      const [element] = (await ask({ log }, { contents: ['secret'] }, options)).elements.s1 ?? []
      expect(element).not.toHaveProperty('matches')
      expect(element?.search.options).not.toHaveProperty('return')
    }
  })

  it('count tells how many lines each expression matches', async () => {
    const answer = await ask({ log }, { contents: ['^secret', 'n', '!absent'] }, { return: 'count' })
    expect(answer.elements.s1?.[0]).toMatchObject({ file: '/log', search: { options: { return: 'count' } } })
    expect(answer.elements.s1?.[0]?.matches).toEqual([
      { content: '^secret', lines: 2 },
      { content: 'n', lines: 2 },
    ])
  })

  it('location tells which, by number and by offset, and never what is in them', async () => {
    const answer = await ask({ log }, { contents: ['secret'] }, { return: 'location' })
    expect(answer.elements.s1?.[0]?.matches).toEqual([
      {
        content: 'secret',
        lines: 3,
        places: [
          { line: 1, offset: 0 },
          { line: 3, offset: 19 },
          { line: 5, offset: 32 },
        ],
      },
    ])
    expect(JSON.stringify(answer.elements)).not.toMatch(/ann|bob|last secret/)
    const result = {
      foundanything: true,
      success: true,
      elements: answer.elements,
      statistics: null,
      errors: null,
    }
    expect(fileModule.render(result, { foundOnly: true })[0]).toContain(
      "content 'secret' in 3 lines (1, 3, 5)",
    )
  })

  it('counts all lines and tells the first hundred', async () => {
    const big = 'needle\nhay\n'.repeat(60_000)
    const [element] = (await ask({ big }, { contents: ['needle'] }, { return: 'location' })).elements.s1 ?? []
    const [matched] = element?.matches ?? []
    expect(matched?.lines).toBe(60_000)
    expect(matched?.places).toHaveLength(100)
    expect(matched?.places?.at(-1)).toEqual({ line: 199, offset: 99 * 11 })
  })

  it('with matchany belongs to the element of its check', async () => {
    const answer = await ask(
      { log },
      { contents: ['secret', 'ann'], names: ['log'] },
      { return: 'count', matchall: false },
    )
    expect(answer.elements.s1?.map(({ matches }) => matches)).toEqual([
      undefined,
      [{ content: 'secret', lines: 3 }],
      [{ content: 'ann', lines: 1 }],
    ])
  })

  it('is of what is decoded, and of entries', async () => {
    const files = { 'x.gz': gzipSync(log), 'y.zip': makeZip([{ name: 'log', content: log }]) }
    const decoded = await ask(files, { contents: ['secret'] }, { return: 'count', decompress: true })
    expect(decoded.elements.s1?.[0]).toMatchObject({ file: '/x.gz', matches: [{ lines: 3 }] })
    const entries = await ask(files, { contents: ['secret'] }, { return: 'location', archives: true })
    expect(entries.elements.s1?.map(({ entry, matches }) => [entry, matches?.[0]?.lines])).toEqual([
      [['x'], 3],
      [['log'], 3],
    ])
  })

  it('counts nothing for a file that another check rules out, nor with macroal or mismatch', async () => {
    expect((await ask({ log }, { contents: ['secret', 'absent'] }, { return: 'count' })).files()).toEqual([])
    const all = await ask({ log: 'a\na\n' }, { contents: ['a'] }, { return: 'count', macroal: true })
    expect(all.files()).toEqual(['/log'])
    expect(all.elements.s1?.[0]).not.toHaveProperty('matches')
  })

  it('says at least so many where the rest could not be seen', async () => {
    // Stored, so that what stands before the cut is read.
    const cut = gzipSync('needle\n'.repeat(50_000), { level: 0 }).subarray(0, 200_000)
    const answer = await ask({ 'x.gz': cut }, { contents: ['needle'] }, { return: 'count', archives: true })
    expect(answer.errors).toEqual(['corrupt-data: /x.gz!/x'])
    const [matched] = answer.elements.s1?.find(({ entry }) => entry !== undefined)?.matches ?? []
    expect(matched).toMatchObject({ partial: true })
    expect(matched?.lines).toBeGreaterThan(10_000)
    expect(matched?.lines).toBeLessThan(50_000)
  })

  it('is refused when it is none of the three', async () => {
    expect((await ask({ log }, { contents: ['x'] }, { return: 'content' })).success).toBe(false)
  })
})
