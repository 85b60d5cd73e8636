// Stands for a module child: writes down what it was asked, so that nobody can say it did not run, and answers.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const root = process.argv[process.argv.indexOf('--root') + 1]
let input = ''
for await (const chunk of process.stdin) input += chunk
const { parameters } = JSON.parse(input)
appendFileSync(join(root, 'runs'), `${parameters.lookuphost[0]}\n`)
await sleep(20)
process.stdout.write(`${JSON.stringify({ end: { statistics: { stufffound: 0 }, truncated: false } })}\n`)
