// `npm run bench:scan`: Node 20 runs no TypeScript, so the benchmark is bundled first.
import { build } from 'esbuild'

const outfile = 'dist/bench-scan.mjs'
await build({
  entryPoints: ['test/bench/main.ts'],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  logLevel: 'warning',
})
await import(new URL(`../../${outfile}`, import.meta.url).href)
