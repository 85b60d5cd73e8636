import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { builtMig } from '../cli/run-mig.ts'
import { quoted } from './case.ts'
import { type CorpusSizes, defaultCorpora, divided, fullCorpora, quickCorpora } from './corpora/corpora.ts'
import { benchScan } from './scan-bench.ts'
import { scanTables, withScanTables } from './scan-table.ts'

const usage = `npm run bench:scan -- [options]   the file module beside find, ripgrep, sha256sum, gzip and python
  --quick           small and short: shows that all of it runs, measures little
  --full            corpora as large as issue 4 wants them: 3 GB, and half an hour
  --divide <n>      corpora n times smaller
  --pairs <n>       pairs of each case; default 5, quick 1
  --threads <n>     of the module; default is the host's own: half the cores
  --cold            starts a process for every case beside the warm host, not only for some
  --only <regex>    cases whose "number corpus what" it matches: --only '^(1|9) T1'
  --seed <n>        of the corpora; default 4
  --keep            leaves the corpora in the directory for temporary files
  --write           puts the tables into docs/benchmarks.md
`

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    divide: { type: 'string', default: '1' },
    pairs: { type: 'string' },
    threads: { type: 'string' },
    cold: { type: 'boolean', default: false },
    only: { type: 'string' },
    seed: { type: 'string', default: '4' },
    keep: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

if (values.help) process.stdout.write(usage)
else {
  const sizes: CorpusSizes = values.full ? fullCorpora : values.quick ? quickCorpora : defaultCorpora
  const report = await benchScan({
    mig: builtMig(),
    path: process.env.PATH ?? '',
    sizes: divided(sizes, Number(values.divide)),
    seed: Number(values.seed),
    pairs: Number(values.pairs ?? (values.quick ? 1 : 5)),
    ...(values.only === undefined ? {} : { only: new RegExp(values.only) }),
    ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
    isCold: values.cold,
    isKept: values.keep,
    progress: (text) => process.stderr.write(`${text}\n`),
  })
  for (const gone of report.missing) process.stderr.write(`NOT COMPARED, not installed: ${gone}\n`)
  const words = process.argv.slice(2).map((word) => (/^[\w-]+$/.test(word) ? word : quoted(word)))
  const tables = scanTables(
    report,
    ['npm run bench:scan', ...(words.length > 0 ? ['--'] : []), ...words].join(' '),
  )
  process.stdout.write(tables)
  if (values.write) {
    const page = 'docs/benchmarks.md'
    writeFileSync(page, withScanTables(readFileSync(page, 'utf8'), tables))
  }
}
