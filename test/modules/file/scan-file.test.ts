import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { DataQuery } from '../../../modules/file/data-query.ts'
import type { Search } from '../../../modules/file/options.ts'
import { FileScanner } from '../../../modules/file/scan-file.ts'
import { planSearches } from '../../../modules/file/search-plan.ts'
import { createHost } from '../../../modules/host/create-host.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'

/** Asks one file, giving the event loop its turn as `breathe` says. */
async function scan(
  content: Buffer | string,
  search: Partial<Search>,
  breathe: () => Promise<boolean> | undefined,
) {
  const root = temporaryDirectory()
  writeFileSync(join(root, 'file'), content)
  const [plan] = planSearches({ searches: { s1: { paths: ['/'], ...search } } }, 0)
  if (plan === undefined) throw new Error('no plan')
  const query = new DataQuery(plan)
  const file = createHost({ root }).open('/file')
  const problems = await new FileScanner(breathe).scan(file, [query])
  file.close()
  return { query, verdicts: query.tests.map(({ verdict }) => verdict), problems: [...problems] }
}

const short = `${'line\n'.repeat(20_000)}needle\n`
const search = {
  // The last makes it walk, and so take a breath, before it looks for the others.
  contents: ['!needle', 'line', '!line', '[xyz]{2}'],
  md5: ['a'.repeat(32)],
  options: { mismatch: ['md5' as const] },
}

it.each([
  ['as it is', short, {}],
  ['decoded', gzipSync(short), { decompress: true }],
])(
  'leaves unknown what a stopped run did not see, in a file that is read at once, %s',
  async (_, content, more) => {
    const stopped = await scan(
      content,
      { ...search, options: { ...search.options, ...more } },
      async () => false,
    )
    expect(stopped.verdicts[0]).toBeUndefined()
    expect(stopped.query.hashPasses(0)).toBeUndefined()
    expect(stopped.problems).toEqual([])
    const whole = await scan(
      content,
      { ...search, options: { ...search.options, ...more } },
      async () => true,
    )
    expect(whole.verdicts).toEqual([false, true, false, false])
    expect(whole.query.hashPasses(0)).toBe(true)
  },
)

it('stops reading when every check is decided', async () => {
  let breaths = 0
  const { verdicts } = await scan('x'.repeat(10).concat('\n').repeat(1_000_000), { contents: ['^x'] }, () => {
    breaths += 1
    return undefined
  })
  expect(verdicts).toEqual([true])
  expect(breaths).toBeLessThan(5)
})
