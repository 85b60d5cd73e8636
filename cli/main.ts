#!/usr/bin/env node
import '../node/core/promise-with-resolvers.ts'
import { loadCompiled, readBeside } from './compiled.ts'
import { version } from './version.ts'

// The one executable. Everything it may need is loaded when a command needs it.
const words = process.argv.slice(2)
// Help names every module; what the build has printed once need not load them all again.
const printedHelp = words.length <= 1 ? readBeside(import.meta.url, 'help.txt') : undefined
if (words.length === 1 && ['version', '--version', '-V'].includes(words[0] ?? '')) {
  process.stdout.write(`mig ${version}\n`)
} else if (printedHelp !== undefined && (words.length === 0 || (words.length === 1 && words[0] === 'help'))) {
  process.stdout.write(printedHelp)
} else {
  const { run } = loadCompiled(words, import.meta.url) ?? (await import('./run.ts'))
  process.exitCode = await run(words)
}
