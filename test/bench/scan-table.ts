import { describeMachine } from '../../cli/bench/figures.ts'
import type { Ratio } from './cost.ts'
import { linearAim } from './linear.ts'
import type { Row } from './measure.ts'
import { versionsOf } from './programs.ts'
import type { ScanBenchReport } from './scan-bench.ts'
import { waiting } from './waiting.ts'

/** Peak memory of the module's process that issue 4 allows, MB. */
const peakAimMb = 130

/** The report as Markdown, without a heading. @param command that has made it */
export function scanTables(report: ScanBenchReport, command: string): string {
  const { options, load, missing, programs, linear, start, rows } = report
  const { sizes, seed, pairs } = options
  const parts = [
    `Made by \`${command}\` on ${describeMachine()}, load ${load[0]} before and ${load[1]} after.`,
    `Corpora from seed ${seed}: ${sizes.treeFiles.toLocaleString('en')} small files, 4 logs of ${mebibytes(sizes.logBytes)}, ${sizes.gz} gz, ${sizes.jars} jars, lines of ${mebibytes(sizes.lineBytes)}.`,
    `Ours and each peer in turn, ${pairs} pairs after one run that warms the caches and is checked: all have found the same. Medians, wall; the range is that of the pairs.`,
    'Ours is one order to a module host that waits, as the gate keeps one; "cold", where it is given, starts the host for it and is ÷ the peer too. All run at nice 10, as a module host does.',
    `CPU and peak memory are ours / peer; of a peer with several processes, that of the largest. Peers: ${versionsOf(programs)}.`,
    '',
    '| # | case | peer | ours | peer’s | ratio (range) | aim | cold | CPU | MB | hits |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map(rowOf),
    '',
  ]
  if (rows.length > 0) {
    const peak = rows.reduce((most, row) => (row.warm.peakMb > most.warm.peakMb ? row : most))
    const { scanCase, warm } = peak
    parts.push(
      `Highest peak memory of ours (39): ${warm.peakMb.toFixed(0)} MB in case ${scanCase.number} ${scanCase.corpus}; aim ${peakAimMb}.`,
    )
  }
  if (start !== undefined)
    parts.push(
      `From an order to its end when there is nothing to do (37): ${start.warmMs.toFixed(2)} ms by a host that waits, ${start.coldMs.toFixed(0)} ms with its start.`,
    )
  if (linear.length > 0) {
    parts.push(
      '',
      `| 21: catastrophic pattern | n = ${mebibytes(linear[0]?.bytes ?? 0)} | 2n | time(2n) ÷ time(n), aim ${linearAim} |`,
      '|---|---|---|---|',
    )
    for (const { pattern, onceMs, twiceMs, ratio } of linear)
      parts.push(
        `| \`${cell(pattern)}\` | ${time(onceMs)} | ${time(twiceMs)} | ${marked(ratio, linearAim)} |`,
      )
  }
  if (missing.length > 0)
    parts.push('', `**Not compared, because the peer is not installed:** ${missing.join('; ')}.`)
  if (options.only === undefined) {
    parts.push('', 'Waiting:', '')
    for (const { numbers, what, why } of waiting) parts.push(`- ${numbers.join(', ')} ${what}: ${why}.`)
  }
  return `${parts.join('\n')}\n`
}

function rowOf({ scanCase, peer, hits, warm, theirs, wall, cpu, coldWall }: Row): string {
  const cells = [
    `${scanCase.number} ${scanCase.corpus}`,
    scanCase.what,
    peer.name,
    time(warm.wallMs),
    time(theirs.wallMs),
    `${marked(wall.median, peer.aim)} (${ranged(wall)})`,
    peer.aim?.toString() ?? '',
    coldWall?.median.toFixed(2) ?? '',
    Number.isFinite(cpu.median) ? cpu.median.toFixed(2) : '–',
    `${warm.peakMb.toFixed(0)} / ${Number.isNaN(theirs.peakMb) ? '–' : theirs.peakMb.toFixed(0)}`,
    hits.toLocaleString('en'),
  ]
  return `| ${cells.map(cell).join(' | ')} |`
}

/** What misses its aim says so without colour. */
function marked(ratio: number, aim: number | undefined): string {
  const text = ratio.toFixed(2)
  return aim === undefined ? text : ratio <= aim ? `**${text}**` : `${text} ✗`
}

function ranged({ min, max }: Ratio): string {
  return `${min.toFixed(2)}–${max.toFixed(2)}`
}

function time(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`
}

function mebibytes(bytes: number): string {
  return `${Number((bytes / 2 ** 20).toFixed(2))} MiB`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

const begin = '<!-- bench:scan begin: `npm run bench:scan -- --write` writes what follows -->'
const end = '<!-- bench:scan end -->'

/** The page with these tables in the place of those that it had, or after everything else. */
export function withScanTables(page: string, tables: string): string {
  const section = `${begin}\n${tables}${end}\n`
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) return `${page.trimEnd()}\n\n## Scanning\n\n${section}`
  return page.slice(0, from) + section + page.slice(to + end.length).replace(/^\n/, '')
}
