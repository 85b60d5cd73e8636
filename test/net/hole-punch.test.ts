import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { punchAttemptMs, punchAttempts } from '../../node/core/limits.ts'
import { createLab, type Lab } from './lab.ts'
import type { Running } from './lab-machine.ts'
import type { GatewayKind } from './lab-rules.ts'
import { isShort, skipWithoutLab } from './skip.ts'

let directory = ''
let rig = ''

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mig-punch-'))
  rig = join(directory, 'rig.mjs')
  const require =
    'import { createRequire } from "node:module"; const require = createRequire(import.meta.url)'
  const options = ['--bundle', '--platform=node', '--format=esm', '--target=node20', `--banner:js=${require}`]
  const files = ['test/net/mesh-rig.ts', `--outfile=${rig}`]
  execFileSync('node_modules/.bin/esbuild', [...files, ...options, '--log-level=error'])
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Said {
  readonly event: string
  readonly atMs: number
  readonly [detail: string]: unknown
}

const saidBy = (process: Running): Said[] =>
  process
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Said)
const parse = (line: string): Said => JSON.parse(line) as Said

interface Meeting {
  readonly lab: Lab
  readonly relay: Running
  /** The one with the lower id starts. */
  readonly starter: Running
  readonly other: Running
  readonly relayPeer: string
  readonly peers: { readonly starter: string; readonly other: string }
}

/** Two agents, each behind a gateway, know each other through a relay in the cloud only. */
async function meetBehind(
  gateways: readonly [GatewayKind, GatewayKind],
  use: (meeting: Meeting) => Promise<void>,
  listen = '',
): Promise<void> {
  const lab = await createLab({
    sites: {
      cloud: { gateway: 'open', hosts: ['relay'] },
      one: { gateway: gateways[0], hosts: ['starter'] },
      two: { gateway: gateways[1], hosts: ['other'] },
    },
  })
  try {
    const start = (host: string, ...words: string[]) =>
      lab.host(host).spawn([process.execPath, rig, ...words])
    const at = `/ip4/${lab.host('relay').address()}/tcp/4001`
    const relay = start('relay', 'relay', 'relay', `listen=${at}`)
    const relayPeer = String(parse(await relay.says(/"ready"/)).peer)
    const bootstrap = `bootstrap=${at}/p2p/${relayPeer}`
    const other = start('other', 'agent', seedOfOther, bootstrap, 'publish')
    const otherPeer = String(parse(await other.says(/"ready"/)).peer)
    await other.says(/"addresses".*p2p-circuit/)
    const dial = `dial=${at}/p2p/${relayPeer}/p2p-circuit/p2p/${otherPeer}`
    const starter = start(
      'starter',
      'agent',
      seedOfStarter,
      bootstrap,
      'publish',
      dial,
      ...(listen === '' ? [] : [`listen=${listen}`]),
    )
    const starterPeer = String(parse(await starter.says(/"ready"/)).peer)
    expect(starterPeer < otherPeer).toBe(true)
    await use({ lab, relay, starter, other, relayPeer, peers: { starter: starterPeer, other: otherPeer } })
  } finally {
    await lab.remove()
  }
}
const seedOfStarter = 'bb'
const seedOfOther = 'aa'

/** Waits until the starter has found an end, and says after how long on a relayed connection. */
async function outcomeOf({ starter }: Meeting): Promise<{ readonly ended: Said; readonly tookMs: number }> {
  const ended = parse(
    await starter.says(/"hole-punch/, { withinMs: punchAttempts * punchAttemptMs + 20_000 }),
  )
  const relayed = saidBy(starter).find(
    ({ event, address }) => event === 'peer-admitted' && String(address).includes('p2p-circuit'),
  )
  return { ended, tookMs: ended.atMs - (relayed?.atMs ?? 0) }
}

const linkTo = (process: Running, peer: string) => {
  const last = saidBy(process).findLast(({ event }) => event === 'members')
  return (last?.members as { peer: string; relayed: boolean; address: string }[] | undefined)?.find(
    (one) => one.peer === peer,
  )
}

/** A message that was sent after now. */
async function hearsFromNowOn(process: Running, from: string): Promise<void> {
  const before = saidBy(process).filter((one) => one.event === 'received' && one.from === from).length
  for (let tries = 0; tries < 100; tries++) {
    if (saidBy(process).filter((one) => one.event === 'received' && one.from === from).length > before + 1)
      return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`nothing more came from ${from}`)
}

describe.skipIf(skipWithoutLab())('hole punching', () => {
  it.each([
    ['nat', 'nat'],
    ['fw', 'fw'],
    ['fwpriv', 'fwpriv'],
    ['nat', 'fw'],
  ] as const)('joins %s and %s by opening from both sides at once', async (...gateways) => {
    await meetBehind(gateways, async (meeting) => {
      const { ended, tookMs } = await outcomeOf(meeting)
      const failed = saidBy(meeting.other).filter(({ event }) => event === 'hole-punch-failed').length
      process.stderr.write(
        `punched ${gateways.join(' and ')} in ${tookMs} ms, attempts that failed before: ${failed}\n`,
      )
      expect(ended).toMatchObject({
        event: 'hole-punched',
        by: 'simultaneous-open',
        peer: meeting.peers.other,
      })
      await meeting.other.says(/"hole-punched"/)
    })
  })

  it.skipIf(isShort)('leaves a link like any other: it gossips when the relay is gone', async () => {
    await meetBehind(['nat', 'nat'], async (meeting) => {
      const { lab, relay, starter, other, peers } = meeting
      expect((await outcomeOf(meeting)).ended.event).toBe('hole-punched')
      await starter.says(/"members".*"relayed":false.*5\.5\.3\.2/)
      await other.says(/"members".*"relayed":false.*5\.5\.2\.2/)
      // Without a word: what still ran through the relay would hang now, not end.
      lab.site('cloud').cut()
      relay.kill('SIGKILL')
      await hearsFromNowOn(starter, peers.other)
      await hearsFromNowOn(other, peers.starter)
      expect(linkTo(starter, peers.other)).toMatchObject({ relayed: false })
    })
  })

  it.skipIf(isShort)('gossips on while the relayed connection is given up', async () => {
    await meetBehind(['nat', 'fw'], async (meeting) => {
      const { relay, starter, other, peers } = meeting
      expect((await outcomeOf(meeting)).ended.event).toBe('hole-punched')
      await new Promise((resolve) => setTimeout(resolve, 18_000)) // relayedLinkSpareMs, on real clocks in other processes
      expect(relay.stdout()).not.toContain('"left"')
      expect(saidBy(starter).filter(({ event }) => event === 'gossip-repaired')).toEqual([])
      await hearsFromNowOn(starter, peers.other)
      await hearsFromNowOn(other, peers.starter)
    })
  })

  it.skipIf(isShort)('has a host dialled that listens in the open', async () => {
    const use = async (meeting: Meeting) => {
      expect((await outcomeOf(meeting)).ended).toMatchObject({ event: 'hole-punched', by: 'dial' })
      await meeting.other.says(/"members".*"relayed":false.*\/tcp\/4002/)
    }
    await meetBehind(['open', 'nat'], use, '/ip4/0.0.0.0/tcp/4002')
  })

  it.skipIf(isShort)('stays on the relay behind a NAT that takes another port for each flow', async () => {
    await meetBehind(['nat', 'symnat'], async (meeting) => {
      const { starter, other, peers } = meeting
      const { ended, tookMs } = await outcomeOf(meeting)
      process.stderr.write(`gave up nat and symnat after ${tookMs} ms: ${ended.reason}\n`)
      expect(ended).toMatchObject({ event: 'hole-punch-failed' })
      expect(String(ended.reason).split(';')).toHaveLength(punchAttempts)
      await hearsFromNowOn(starter, peers.other)
      await hearsFromNowOn(other, peers.starter)
      expect(linkTo(starter, peers.other)).toMatchObject({ relayed: true })
    })
  })

  it.skipIf(isShort).each([
    ['reject', 'reject'],
    ['natreject', 'natreject'],
  ] as const)('with %s and %s it gets through or stays on the relay', async (...gateways) => {
    await meetBehind(gateways, async (meeting) => {
      const { starter, peers } = meeting
      const { ended, tookMs } = await outcomeOf(meeting)
      process.stderr.write(
        `${gateways.join(' and ')}: ${ended.event} after ${tookMs} ms ${ended.reason ?? ''}\n`,
      )
      await hearsFromNowOn(starter, peers.other)
      await starter.says(/"members"/)
      expect(linkTo(starter, peers.other)).toMatchObject({ relayed: ended.event !== 'hole-punched' })
    })
  })
})
