#!/usr/bin/env node
import '../node/core/first.ts'
import { loadCompiled, readBeside } from './compiled.ts'
import { version } from './version.ts'

// The one executable. Everything it may need is loaded when a command needs it.
const words = process.argv.slice(2)
// Help names every module; what the build has printed once need not load them all again.
const printedHelp = words.length <= 1 ? readBeside(import.meta.url, 'help.txt') : undefined
// A reader that is gone (`mig help | head -1`) is no failure; what runs longer sees to that itself (terminal.ts).
const print = (text: string) => process.stdout.on('error', () => process.exit(0)).write(text)
if (words.length === 1 && ['version', '--version', '-V'].includes(words[0] ?? '')) {
  print(`mig ${version}\n`)
} else if (printedHelp !== undefined && (words.length === 0 || (words.length === 1 && words[0] === 'help'))) {
  print(printedHelp)
} else {
  const { run } = loadCompiled(words, import.meta.url) ?? (await import('./run.ts'))
  process.exitCode = await run(words)
}
