#!/usr/bin/env node
import '../node/core/promise-with-resolvers.ts'
import { loadCompiled } from './compiled.ts'
import { version } from './version.ts'

// The one executable. Everything it may need is loaded when a command needs it.
const words = process.argv.slice(2)
if (words.length === 1 && ['version', '--version', '-V'].includes(words[0] ?? '')) {
  process.stdout.write(`mig ${version}\n`)
} else {
  const { run } = loadCompiled(words, import.meta.url) ?? (await import('./run.ts'))
  process.exitCode = await run(words)
}
