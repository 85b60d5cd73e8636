import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { DataQuery } from '../../../modules/file/data-query.ts'
import type { Search } from '../../../modules/file/options.ts'
import { FileScanner } from '../../../modules/file/scan-file.ts'
import { planSearches } from '../../../modules/file/search-plan.ts'
import { createHost } from '../../../modules/host/create-host.ts'
import { HostError, type OpenFile } from '../../../modules/host/host.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'

/** Asks one file. */
async function scan(
  content: Buffer | string,
  search: Partial<Search>,
  /** Is the run to stop? Asked whenever others could have their turn. */
  stops: () => boolean,
  /** What the file is read through. */
  through: (file: OpenFile) => OpenFile = (file) => file,
) {
  const root = temporaryDirectory()
  writeFileSync(join(root, 'file'), content)
  const host = createHost({ root })
  const [plan] = planSearches({ searches: { s1: { paths: ['/'], ...search } } }, 0, host)
  if (plan === undefined) throw new Error('no plan')
  const query = new DataQuery(plan)
  const file = through(host.open('/file'))
  const breath = {
    get isStopped() {
      return stops()
    },
    pause: async () => undefined,
  }
  const scanner = new FileScanner(breath)
  const first = scanner.look(file, [plan], true)
  if (first === undefined) throw new Error('the scanner saw at once that nothing is to be said of it')
  const steps = scanner.scan(file, first, [query], true)
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

/** A file on a disk that is broken from a place on: what lies before it comes, then an error. */
function brokenFrom(place: number): (file: OpenFile) => OpenFile {
  let at = 0
  return (file) => ({
    get stat() {
      return file.stat
    },
    read(buffer) {
      if (at >= place) throw new HostError('read-failed')
      const count = file.read(buffer.subarray(0, Math.min(buffer.length, place - at)))
      at += count
      return count
    },
    readAt: (buffer, position) => file.readAt(buffer, position),
    changed: () => file.changed(),
    close: () => file.close(),
  })
}

const noise = gzipSync(randomBytes(1024 * 1024))

it.each([
  ['as it is', Buffer.from(short), {}, 4096],
  ['as it is, late', Buffer.from(short), {}, 256 * 1024],
  ['decoded', noise, { decompress: true }, 512 * 1024],
])('says of a file that cannot be read to its end that it failed, %s', async (_, content, more, place) => {
  const question = { contents: ['!needle', 'needle'], options: { return: 'count' as const, ...more } }
  const { verdicts, problems } = await scan(content, question, () => false, brokenFrom(place))
  expect(problems).toEqual(['read-failed'])
  expect(verdicts).toEqual([undefined, undefined])
})

it('counts the lines that it saw of a file that cannot be read to its end', async () => {
  const question = { contents: ['^line$'], options: { return: 'count' as const } }
  const { query } = await scan(short, question, () => false, brokenFrom(256 * 1024))
  expect(query.tests[0]).toMatchObject({ verdict: true, lines: { isWhole: false } })
  expect(query.tests[0]?.lines?.count).toBeGreaterThan(50_000)
})
