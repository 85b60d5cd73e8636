import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from '../../cli/bench/figures.ts'
import { searchAll } from './case.ts'
import { contentCases } from './cases/contents.ts'
import { hashCases } from './cases/hashes.ts'
import { metadataCases } from './cases/metadata.ts'
import { packedCases } from './cases/packed.ts'
import { type CorpusSizes, makeCorpora } from './corpora/corpora.ts'
import { type LinearRow, measureLinear } from './linear.ts'
import { loadNow, type MeasureOptions, measureCase, missingPeers, type Row } from './measure.ts'
import { findPrograms, type Programs } from './programs.ts'
import { type Bench, runTimed } from './timed-command.ts'
import { hostWords, orderLine, WarmHost } from './warm-host.ts'

export interface ScanBenchOptions extends MeasureOptions {
  /** PATH: where peers are looked for. */
  readonly path: string
  readonly sizes: CorpusSizes
  readonly seed: number
  /** Only cases whose `number corpus what` it matches. */
  readonly only?: RegExp
  /** Leaves the corpora there. */
  readonly isKept?: boolean
  readonly progress: (text: string) => void
}

export interface ScanBenchReport {
  readonly rows: readonly Row[]
  readonly linear: readonly LinearRow[]
  /** Case 37, milliseconds: an empty directory, by a host that waits and by one that has to be started. */
  readonly start: { readonly warmMs: number; readonly coldMs: number } | undefined
  readonly missing: readonly string[]
  readonly programs: Programs
  readonly load: readonly [before: number, after: number]
  readonly options: ScanBenchOptions
}

/** Makes the corpora, asks ours and the peers case by case, and removes what it has made.
 *  @throws Error when somebody finds what another does not */
export async function benchScan(options: ScanBenchOptions): Promise<ScanBenchReport> {
  const { path, sizes, seed, only = /./, isKept = false, progress } = options
  const directory = mkdtempSync(join(tmpdir(), 'mig-bench-scan-'))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  // Who interrupts it does not want the corpora either.
  if (!isKept) process.once('exit', remove)
  try {
    const programs = await findPrograms(path)
    const scratch = join(directory, 'scratch')
    mkdirSync(scratch)
    const bench: Bench = { programs, path, scratch }
    progress(`making the corpora (${sizes.name}) in ${directory}`)
    mkdirSync(join(directory, 'corpora'))
    const corpora = makeCorpora(join(directory, 'corpora'), seed, sizes)
    const before = loadNow()
    const cases = [
      ...metadataCases(corpora, programs),
      ...contentCases(corpora, programs, scratch),
      ...hashCases(corpora, programs),
      ...packedCases(corpora, programs),
    ].filter(({ number, corpus, what }) => only.test(`${number} ${corpus} ${what}`))
    const rows: Row[] = []
    const missing: string[] = []
    for (const scanCase of cases) {
      progress(`${scanCase.number} ${scanCase.what} (${scanCase.corpus})`)
      for (const { name } of missingPeers(bench, scanCase))
        missing.push(`${scanCase.number} ${scanCase.corpus}: ${name}`)
      const measured = await measureCase(bench, scanCase, options)
      for (const { peer, wall } of measured) progress(`  ${wall.median.toFixed(2)} of ${peer.name}`)
      rows.push(...measured)
    }
    const linear = only.test('21 T6 linear') ? await measureLinear(corpora, options) : []
    const start = only.test('37 start') ? await measureStart(bench, options) : undefined
    return { rows, linear, start, missing, programs, load: [before, loadNow()], options }
  } finally {
    process.off('exit', remove)
    if (!isKept) remove()
  }
}

async function measureStart(
  bench: Bench,
  options: MeasureOptions,
): Promise<{ readonly warmMs: number; readonly coldMs: number }> {
  const empty = join(bench.scratch, 'empty')
  mkdirSync(empty)
  const order = orderLine(searchAll(empty, { names: ['^x$'] }))
  const orderFile = join(bench.scratch, 'start')
  writeFileSync(orderFile, order)
  const host = new WarmHost(options)
  try {
    await host.run(order)
    await runTimed(bench, hostWords(options), orderFile)
    const warm: number[] = []
    const cold: number[] = []
    for (let pair = 0; pair < options.pairs; pair++) {
      warm.push((await host.run(order)).cost.wallMs)
      cold.push((await runTimed(bench, hostWords(options), orderFile)).cost.wallMs)
    }
    return { warmMs: median(warm), coldMs: median(cold) }
  } finally {
    await host.stop()
  }
}
