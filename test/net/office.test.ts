import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { peerIdOf } from '../../node/core/peer-id.ts'
import { connectControl } from '../../node/roles/control-socket.ts'
import { aDesk, type Desk } from '../cli/fleet/desk.ts'
import { until } from '../processes/real-fleet.ts'
import { createLab, type Host, type Lab, type LabPlan } from './lab.ts'
import { aMachine } from './lab-fleet.ts'
import { isShort, skipWithoutLab } from './skip.ts'

const skipped = isShort || skipWithoutLab()
/** The address of a relay that is no more. */
const nowhere = `/ip4/5.5.99.9/tcp/7373/p2p/${peerIdOf(new Uint8Array(32).fill(9))}`

let lab: Lab
let desk: Desk

async function begin(plan: LabPlan): Promise<void> {
  lab = await createLab(plan)
  desk = aDesk()
  mkdirSync(desk.path('tmp'))
  await desk.mig('init', '--fleet-name', 'Office', '--person', 'Ada Lovelace <ada@example.org>')
}

afterEach(async () => {
  await lab?.remove()
  desk?.remove()
})

async function enrol(
  role: 'agent' | 'relay' | 'investigator',
  name: string,
  address: string,
): Promise<string> {
  const state = role === 'investigator' ? desk.path('investigator') : desk.path('nodes', name)
  const { out } = await desk.mig('invite', '--role', role, '--address', address)
  await desk.mig(role, 'enrol', out, '--name', name, '--state', state)
  return state
}

async function startAgent(host: Host, state: string, ...more: string[]): Promise<void> {
  const words = ['agent', 'start', '--state', state, '--root', aMachine(desk, host.name), ...more]
  await host.start(...words).says(/^ready$/, { withinMs: 60_000 })
}

interface LinkView {
  readonly name: string
  readonly how: string
}
function links(state: string): readonly LinkView[] {
  try {
    return JSON.parse(readFileSync(join(state, 'mesh', 'network'), 'utf8')).links
  } catch {
    return [] // it is being written
  }
}

/** Asks everybody, and waits until these have answered. */
async function answers(names: readonly string[]): Promise<void> {
  const { said, out } = await desk.mig(
    '-y',
    '--wait',
    '1s',
    '-t',
    'all',
    'file',
    '--path',
    '/etc',
    '--name',
    'hostname',
  )
  const id = /action ([a-z2-7]{52})/.exec(`${said}\n${out}`)?.[1]
  const control = await connectControl(desk.path('investigator'))
  if (id === undefined || control === undefined) throw new Error(`nothing was asked: ${said} ${out}`)
  try {
    const answered = async () =>
      (await control.service.accounting(id)).answered.map(({ name }) => name).sort()
    await until(
      `answers of ${names}`,
      async () => (await answered()).join() === [...names].sort().join(),
      60_000,
    )
  } finally {
    control.close()
  }
}

test.skipIf(skipped)(
  'in an office whose only known relay is gone, members find one another by multicast and answer',
  async () => {
    await begin({
      sites: {
        office: { gateway: 'nat', hosts: ['desktop', 'printer', 'silent', 'laptop'] },
        elsewhere: { gateway: 'open', hosts: ['far'] },
      },
    })
    const [desktop, printer, silent, far] = await Promise.all(
      ['desktop', 'printer', 'silent', 'far'].map((name) => enrol('agent', name, nowhere)),
    )
    if (desktop === undefined || printer === undefined || silent === undefined || far === undefined)
      throw new Error('?')
    const laptop = await enrol('investigator', 'laptop', nowhere)
    const at = (name: string) => ['--listen', `/ip4/${lab.host(name).address()}/tcp/7373`]
    // The investigator's node has what the others need to know; none of them has an address of another.
    await lab
      .host('laptop')
      .start('investigator', 'start', '--state', laptop)
      .says(/^ready$/, { withinMs: 60_000 })
    await startAgent(lab.host('desktop'), desktop, ...at('desktop'))
    await startAgent(lab.host('printer'), printer)
    await startAgent(lab.host('silent'), silent, ...at('silent'), '--no-mdns')
    await startAgent(lab.host('far'), far, '--listen', '/ip4/0.0.0.0/tcp/7373')

    // Only the desktop listens and is heard: the others find it, and by it everybody else who can be dialled.
    const tookMs = await until('the office is one mesh', () => links(desktop).length >= 2, 60_000)
    console.log('an office found itself after', Math.round(tookMs), 'ms')
    expect(links(desktop).every(({ how }) => how === 'LAN')).toBe(true)
    await answers(['desktop', 'printer'])
    expect(links(silent)).toEqual([])
    expect(links(far)).toEqual([])
  },
  240_000,
)

/** An HTTP proxy as offices have it: CONNECT to port 443, and nothing else. */
const proxy = `
const net = require('node:net')
net.createServer((inside) => {
  inside.on('error', () => inside.destroy())
  inside.once('data', (head) => {
    const [, host, port] = /^CONNECT ([0-9.]+):(\\d+) /.exec(head.toString()) ?? []
    console.log('asked for ' + host + ':' + port)
    if (port !== '443') return inside.end('HTTP/1.1 403 Forbidden\\r\\n\\r\\n')
    const outside = net.connect(Number(port), host, () => {
      inside.write('HTTP/1.1 200 OK\\r\\n\\r\\n')
      inside.pipe(outside).pipe(inside)
    })
    outside.on('error', () => inside.destroy())
    inside.on('close', () => outside.destroy())
  })
}).listen(3128, () => console.log('proxy is up'))`

test.skipIf(skipped)(
  'an agent that may talk to nobody but an HTTP proxy joins by WebSocket on 443, and answers',
  async () => {
    await begin({
      sites: {
        office: { gateway: 'nat', hosts: ['walled', 'gate'] },
        cloud: { gateway: 'open', hosts: ['hub'] },
        home: { gateway: 'nat', hosts: ['laptop'] },
      },
    })
    const [walled, gate, hub] = [lab.host('walled'), lab.host('gate'), lab.host('hub')]
    const relay = await enrol('relay', 'hub', nowhere)
    const listen = ['tcp/7373', 'tcp/443/ws'].map((end) => `/ip4/${hub.address()}/${end}`)
    const relaying = hub.start('relay', 'start', '--state', relay, '--listen', ...listen)
    await relaying.says(/^listening on .*\/ws\//, { withinMs: 60_000 })
    const [tcp = '', ws = ''] = [/^listening on (.*tcp\/7373\/p2p.*)$/m, /^listening on (.*\/ws\/.*)$/m].map(
      (line) => line.exec(relaying.stdout())?.[1] ?? '',
    )
    const passing = gate.spawn([process.execPath, '-e', proxy])
    await passing.says(/^proxy is up$/)
    // A firewall that is silent: a direct attempt gets no answer at all.
    for (const rule of [
      'add table inet wall',
      'add chain inet wall out { type filter hook output priority 0; policy drop; }',
      'add rule inet wall out oifname "lo" accept',
      `add rule inet wall out ip daddr ${gate.address()} tcp dport 3128 accept`,
    ])
      expect((await walled.run(['nft', rule])).code).toBe(0)
    writeFileSync(join(walled.home, 'mig.toml'), `proxy = "http://${gate.address()}:3128"\n`)

    const laptop = await enrol('investigator', 'laptop', tcp)
    await lab
      .host('laptop')
      .start('investigator', 'start', '--state', laptop)
      .says(/^ready$/, { withinMs: 60_000 })
    const state = await enrol('agent', 'walled', tcp)
    const started = performance.now()
    // It was invited by the TCP address, which the proxy refuses; the other one stands in its bootstrap list.
    await startAgent(walled, state, '--bootstrap', ws, tcp)
    await until('the agent is linked', () => links(state).length > 0, 60_000)
    console.log('through the proxy after', Math.round(performance.now() - started), 'ms')
    await answers(['walled'])
    expect(passing.stdout()).toContain(`asked for ${hub.address()}:443`)
  },
  240_000,
)
