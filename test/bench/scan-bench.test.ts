import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { builtMig } from '../cli/run-mig.ts'
import { childrenOf } from '../processes/real-fleet.ts'
import { makeCorpora, quickCorpora } from './corpora/corpora.ts'
import { benchScan } from './scan-bench.ts'
import { scanTables } from './scan-table.ts'

/** The benchmark itself over small corpora: that all find the same, never how fast. */
describe.skipIf(process.platform !== 'linux')('npm run bench:scan', () => {
  const tmp = mkdtempSync(join(tmpdir(), 'mig-scan-bench-test-'))
  const before = process.env.TMPDIR
  const path = process.env.PATH ?? ''

  beforeAll(() => {
    builtMig()
  }, 60_000)
  beforeEach(() => {
    process.env.TMPDIR = tmp
  })
  afterEach(() => {
    // Whatever it made and started is gone when it ends.
    expect(readdirSync(tmp)).toEqual([])
    expect(childrenOf(process.pid).map(commandOf)).not.toContainEqual(expect.stringMatching(/mig\.js/))
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  })
  afterAll(() => {
    rmSync(tmp, { recursive: true, force: true })
  })

  const sizes = { ...quickCorpora, treeFiles: 120, logBytes: 2 ** 18, lineBytes: 2 ** 18, onceBytes: 2 ** 14 }
  const options = { mig: builtMig(), path, sizes, seed: 4, pairs: 1, progress: () => undefined }

  it('finds what the peers find, in every corpus, and says who was quicker', async () => {
    // One case of each sort: a module host has to be started for each, and CI has two cores.
    const report = await benchScan({ ...options, only: /^(3 T1|11 T6|25 T1|28 T4)/ })
    expect(report.rows.map(({ scanCase, peer, hits }) => [scanCase.number, peer.needs.at(-1), hits])).toEqual(
      expect.arrayContaining([
        [3, 'find', expect.any(Number)],
        [11, 'grep', 6],
        [25, 'sha256sum', 5],
        [28, 'grep', 3],
      ]),
    )
    for (const { wall, warm, theirs } of report.rows) {
      expect(wall.median).toBeCloseTo(warm.wallMs / theirs.wallMs, 6)
      expect(warm.peakMb).toBeGreaterThan(20)
    }
    const tables = scanTables(report, 'a test')
    for (const { peer } of report.rows) expect(tables).toContain(`| ${peer.name.replaceAll('|', '\\|')} |`)
    for (const missing of report.missing) expect(tables).toContain(missing)
  }, 120_000)

  it('says of each peer that is not installed that it was not compared', { timeout: 60_000 }, async () => {
    const report = await benchScan({ ...options, path: '/nowhere', only: /^1 T1/ })
    expect(report.rows).toEqual([])
    expect(report.missing).toEqual(['1 T1: find -name'])
    expect(scanTables(report, 'a test')).toContain('not installed:** 1 T1: find -name')
  })

  it('makes the same corpora from the same seed, and others from another', { timeout: 60_000 }, () => {
    const bytesOf = (name: string, seed: number) => {
      const directory = join(tmp, name)
      mkdirSync(directory)
      const { tree, logs, iocs } = makeCorpora(directory, seed, sizes)
      const log = readFileSync(join(logs.directory, 'big-0.log'), 'latin1')
      rmSync(directory, { recursive: true })
      return { hashes: tree.hashes, names: tree.names, log, iocs }
    }
    const one = bytesOf('one', 4)
    expect(bytesOf('two', 4)).toEqual(one)
    const other = bytesOf('three', 5)
    expect(other.hashes).not.toEqual(one.hashes)
    expect(other.log).not.toBe(one.log)
  })
})

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}
