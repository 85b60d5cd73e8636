// A module host in an attacker's hands, or one with a fault. What it does is the first word of each order.
import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const argument = (name) => process.argv[process.argv.indexOf(name) + 1]
const root = argument('--root')
let order
let behaviour
let words
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)
const finding = (address = '10.0.0.1') =>
  say({ finding: { found: true, group: ['lookuphost', behaviour], element: { address } } })
const end = (truncated = false) => say({ end: { statistics: { stufffound: 1 }, truncated } })
const note = (text) => writeFileSync(join(root, behaviour), text)
const forEver = () => setInterval(() => undefined, 1000)
/** As fast as the pipe takes it. */
const flood = (stream, text) => {
  const more = () => {
    while (stream.write(text));
    stream.once('drain', more)
  }
  more()
}

const behaviours = {
  honest() {
    finding()
    end()
  },
  punctual() {
    finding()
    setTimeout(() => end(true), order.wallMs)
  },
  deaf() {
    finding()
    process.on('SIGTERM', () => undefined)
    forEver()
  },
  busy() {
    finding()
    setImmediate(() => {
      for (;;);
    })
  },
  hoarder() {
    const hoard = []
    setInterval(() => hoard.push(Buffer.alloc(16 * 1024 * 1024, 1)), 20)
  },
  heap() {
    const hoard = []
    for (;;) hoard.push(Array.from({ length: 1000 }, (_, n) => ({ n })))
  },
  chatterbox() {
    const line = JSON.stringify({ finding: { found: false, group: ['lookuphost', behaviour], element: { address: '10.0.0.1' } } })
    flood(process.stdout, `${line}\n`.repeat(100))
  },
  endless: () => flood(process.stdout, 'x'.repeat(65_536)),
  babble: () => flood(process.stdout, '{"finding":1}\n\u0000\ufffd}{\n[]\nnull\n'),
  complainer() {
    process.stderr.write('secret'.repeat(2_000_000), () => behaviours.honest())
  },
  quitter() {
    finding()
    setTimeout(() => process.exit(1), 50)
  },
  crasher() {
    finding()
    setImmediate(() => process.kill(process.pid, 'SIGSEGV'))
  },
  parent() {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' })
    note(String(child.pid))
    forEver()
  },
  // It ends, and leaves one behind in a session of its own that keeps the pipes open.
  deserter() {
    const child = spawn('sleep', ['60'], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
    note(String(child.pid))
    behaviours.honest()
    process.stdout.end(() => process.exit(0))
  },
  // Each says which process it was.
  worker() {
    appendFileSync(join(root, 'workers'), `${process.pid}\n`)
    behaviours.honest()
  },
  // Leaves a process in its own group behind, and is ready for more.
  litterer() {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' })
    note(String(child.pid))
    behaviours.worker()
  },
  // Speaks again when its order is done.
  mutterer() {
    behaviours.worker()
    setTimeout(() => say({ finding: { found: true, group: ['lookuphost', 'worker'], element: { address: '10.6.6.6' } } }), 100)
  },
  glutton() {
    globalThis.hoard = Buffer.alloc(100 * 1024 * 1024, 1)
    behaviours.worker()
  },
  toiler() {
    // Processor time, however busy the machine is.
    while (process.cpuUsage().user < 2_200_000);
    behaviours.worker()
  },
  witness() {
    note(JSON.stringify({ env: process.env, argv: readFileSync('/proc/self/cmdline', 'utf8').split('\0') }))
    behaviours.honest()
  },
  thief() {
    const loot = readFileSync(join(root, 'shadow'), 'utf8')
    finding()
    const group = ['lookuphost', behaviour]
    say({ finding: { found: true, group, element: { address: '10.0.0.2', loot, nested: { loot } } } })
    say({ finding: { found: true, group, element: { address: '10.0.0.3', hostname: loot } } })
    say({ finding: { found: true, group, element: { address: loot } } })
    say({ finding: { found: true, group: ['lookuphost', loot], element: { address: '10.0.0.4' } } })
    say({ finding: { found: true, group: [loot], element: {} } })
    say({ finding: { found: true, group, element: { address: '10.0.0.5' }, loot }, loot })
    say({ problem: { code: loot, about: '/etc/hosts' } })
    say({ problem: { code: 'not-found', about: '/etc/hosts', loot } })
    say({ error: loot })
    say({ log: loot })
    process.stdout.write(`${loot}\n`)
    process.stderr.write(loot)
    process.title = loot
    say({ end: { statistics: { stufffound: 1, loot, [loot]: 1 }, truncated: false, failure: words.includes('failing') ? loot : undefined, loot } })
    if (words.includes('failing')) say({ end: { statistics: loot, truncated: false, failure: 'internal' } })
    say({ finding: { found: true, group, element: { address: loot } } })
  },
}
createInterface({ input: process.stdin }).on('line', (line) => {
  order = JSON.parse(line)
  ;[behaviour, ...words] = order.parameters.lookuphost
  behaviours[behaviour]()
})
