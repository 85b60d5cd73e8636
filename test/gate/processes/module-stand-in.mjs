// Stands for a module host: writes down what it was asked each time, so that nobody can say it did not run, and answers.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const root = process.argv[process.argv.indexOf('--root') + 1]
for await (const line of createInterface({ input: process.stdin })) {
  const { parameters } = JSON.parse(line)
  appendFileSync(join(root, 'runs'), `${parameters.lookuphost[0]}\n`)
  await sleep(20)
  process.stdout.write(`${JSON.stringify({ end: { statistics: { stufffound: 0 }, truncated: false } })}\n`)
}
