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

/** Asks one file. */
async function scan(
  content: Buffer | string,
  search: Partial<Search>,
  /** Is the run to stop? Asked whenever others could have their turn. */
  stops: () => boolean,
) {
  const root = temporaryDirectory()
  writeFileSync(join(root, 'file'), content)
  const host = createHost({ root })
  const [plan] = planSearches({ searches: { s1: { paths: ['/'], ...search } } }, 0, host)
  if (plan === undefined) throw new Error('no plan')
  const query = new DataQuery(plan)
  const file = host.open('/file')
  const breath = {
    get isStopped() {
      return stops()
    },
    pause: async () => undefined,
  }
  const scanner = new FileScanner(breath)
  const steps = scanner.scan(file, scanner.look(file, [], false) ?? { count: 0 }, [query], true)
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) await step.value
  const problems = step.value
  scanner.close()
  file.close()
  return { query, verdicts: query.tests.map(({ verdict }) => verdict), problems: [...problems] }
}

const short = `${'line\n'.repeat(60_000)}needle\n`
const search = {
  contents: ['!needle', 'line', '!line', '[xyz]{2}'],
  md5: ['a'.repeat(32)],
  options: { mismatch: ['md5' as const] },
}

it.each([
  ['as it is', short, {}],
  ['decoded', gzipSync(short), { decompress: true }],
])('leaves unknown what a stopped run did not see, %s', async (_, content, more) => {
  const stopped = await scan(content, { ...search, options: { ...search.options, ...more } }, () => true)
  expect(stopped.verdicts[0]).toBeUndefined()
  expect(stopped.query.hashPasses(0)).toBeUndefined()
  expect(stopped.problems).toEqual([])
  const whole = await scan(content, { ...search, options: { ...search.options, ...more } }, () => false)
  expect(whole.verdicts).toEqual([false, true, false, false])
  expect(whole.query.hashPasses(0)).toBe(true)
})

it('stops reading when every check is decided', async () => {
  let breaths = 0
  const { verdicts } = await scan('x'.repeat(10).concat('\n').repeat(1_000_000), { contents: ['^x'] }, () => {
    breaths += 1
    return false
  })
  expect(verdicts).toEqual([true])
  expect(breaths).toBeLessThan(5)
})
