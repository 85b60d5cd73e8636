import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { base64Encode } from '../../../node/core/encoding.ts'
import { connectControl } from '../../../node/roles/control-socket.ts'
import type { InvestigatorService } from '../../../node/roles/service.ts'
import { aDesk, type Desk } from './desk.ts'
import { isAlive, type RunningNode, startNode } from './processes.ts'

const soon = { timeout: 15_000, interval: 100 }

describe('a fleet set up by hand, as its operator would', () => {
  /** The operator's machine, with the relay; and an endpoint and an investigator elsewhere, which have the line and nothing else. */
  const office = aDesk()
  const elsewhere = aDesk()
  const nodes: RunningNode[] = []
  let relay: RunningNode
  let agent: RunningNode
  let investigator: RunningNode
  let control: { readonly service: InvestigatorService; close(): void } | undefined
  const service = () => {
    if (control === undefined) throw new Error('no running investigator')
    return control.service
  }

  const meshPid = (): number =>
    JSON.parse(readFileSync(elsewhere.path('agent', 'mesh', 'running'), 'utf8')).pid

  async function start(desk: Desk, words: readonly string[], pattern: RegExp): Promise<RunningNode> {
    const node = await startNode(desk.home, words, pattern)
    nodes.push(node)
    return node
  }

  beforeAll(async () => {
    await office.mig('init', '--fleet-name', 'Office', '--person', 'Ada Lovelace <ada@example.org>')
    const line = async (...words: string[]) => (await office.mig('invite', ...words)).out
    await office.mig('relay', 'enrol', await line('--role', 'relay'), '--name', 'hub')
    relay = await start(office, ['relay', 'start', '--listen', '/ip4/127.0.0.1/tcp/0'], /^listening on /)
    const tags = ['--tags', 'operator=IT,site=Berlin']
    await elsewhere.mig('agent', 'enrol', await line('--role', 'agent', ...tags), '--name', 'web1')
    await elsewhere.mig('investigator', 'enrol', await line('--role', 'investigator'), '--name', 'laptop')
    mkdirSync(elsewhere.path('machine'))
    agent = await start(elsewhere, ['agent', 'start', '--root', elsewhere.path('machine')], /^ready$/)
    investigator = await start(elsewhere, ['investigator', 'start'], /^ready$/)
    control = await connectControl(elsewhere.path('investigator'))
  }, 120_000)

  afterAll(async () => {
    control?.close()
    await Promise.all(nodes.map((node) => node.stop()))
    office.remove()
    elsewhere.remove()
  }, 60_000)

  it('prints the address that others dial', () => {
    expect(relay.line).toMatch(/^listening on \/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW\w+$/)
  })

  it('lets nodes that were given one line each find the fleet, its policy and one another', async () => {
    const { agents, about } = await vi.waitFor(async () => {
      const agents = await service().agents()
      expect(agents).toHaveLength(1)
      return { agents, about: await service().about() }
    }, soon)
    expect(agents[0]).toMatchObject({
      name: 'web1',
      tags: { operator: 'IT', site: 'Berlin' },
      mode: 'daemon',
    })
    expect(about).toMatchObject({ fleetName: 'Office', policyVersion: 1 })
  })

  it('makes an invitation known through the running node', async () => {
    const made = await office.mig('invite', '--role', 'agent', '--state', elsewhere.path('investigator'))
    expect(made.said).toMatch(/the running node has told [12] neighbours? of it/)
  })

  it('refuses a second node on the same state directory', async () => {
    const listen = ['--listen', '/ip4/127.0.0.1/tcp/0']
    expect(await office.fails('relay', 'start', ...listen)).toBe('state-in-use')
    expect(await elsewhere.fails('agent', 'start')).toBe('state-in-use')
    expect(await elsewhere.fails('investigator', 'start')).toBe('state-in-use')
  })

  it('tells what an agent is while its store is locked', async () => {
    const status = JSON.parse((await elsewhere.mig('agent', 'status', '--json')).out)
    expect(status).toMatchObject({
      name: 'web1',
      role: 'agent',
      serial: 1,
      isRunning: true,
      isExpired: false,
    })
  })

  it('tells both of the agent’s processes: the one that was started, and the one that faces the network', async () => {
    const status = JSON.parse((await elsewhere.mig('agent', 'status', '--json')).out)
    expect(status).toMatchObject({ pid: meshPid(), gatepid: agent.pid })
    const words = (await elsewhere.mig('agent', 'status')).out
    expect(words).toContain(`gate process ${agent.pid}, mesh process ${meshPid()}`)
  })

  it('finds nothing wrong', async () => {
    const { healthy, findings } = JSON.parse((await elsewhere.mig('doctor', '--json')).out)
    expect(findings.filter((finding: { verdict: string }) => finding.verdict === 'wrong')).toEqual([])
    expect(healthy).toBe(true)
  })

  it('starts the agent’s mesh process again when that falls', async () => {
    const before = meshPid()
    process.kill(before, 'SIGKILL')
    await vi.waitFor(() => expect(meshPid()).not.toBe(before), soon)
    expect(isAlive(before)).toBe(false)
    expect(isAlive(meshPid())).toBe(true)
    expect(agent.stderr()).toMatch(
      /"how":"SIGKILL".*"event":"mesh-ended"|"event":"mesh-ended".*"how":"SIGKILL"/,
    )
  })

  it('brings a new policy to the agent’s gate', async () => {
    edit(office, (policy) => {
      policy.limits.wallseconds = 60
    })
    await office.mig('policy', 'sign')
    await office.mig('policy', 'publish', '--state', elsewhere.path('investigator'))
    await vi.waitFor(async () => {
      const status = JSON.parse((await elsewhere.mig('agent', 'status', '--json')).out)
      expect(status.policyVersion).toBe(2)
    }, soon)
  })

  it('refuses to publish an older policy than the fleet has', async () => {
    const first = Buffer.from(readFileSync(office.path('fleet', 'policy.mig')))
    edit(office, (policy) => {
      policy.limits.wallseconds = 90
    })
    await office.mig('policy', 'sign')
    await office.mig('policy', 'publish', '--state', elsewhere.path('investigator'))
    writeFileSync(office.path('fleet', 'policy.mig'), first)
    const publish = ['policy', 'publish', '--state', elsewhere.path('investigator')]
    expect(await office.fails(...publish)).toBe('bad-policy')
    await office.mig('policy', 'edit', '--pull', '--state', elsewhere.path('investigator'))
    expect(JSON.parse(readFileSync(office.path('fleet', 'policy.json'), 'utf8')).version).toBe(3)
  })

  it('shows the policy in force where there is no fleet directory', async () => {
    const view = JSON.parse((await elsewhere.mig('policy', 'show', '--json')).out)
    expect(view).toMatchObject({ fleetName: 'Office', version: 3, signers: ['Ada Lovelace'] })
  })

  it('puts a revoked node out at once', async () => {
    const name = ['policy', 'revoke', 'web1', '--state', elsewhere.path('investigator')]
    await office.mig(...name)
    await office.mig('policy', 'sign')
    await office.mig('policy', 'publish', '--state', elsewhere.path('investigator'))
    await vi.waitFor(() => expect(agent.stderr()).toMatch(/peer is revoked/), soon)
    expect((await office.mig(...name)).said).toMatch(/already/)
  })

  it('takes a policy of another fleet by no way', async () => {
    const stranger = aDesk()
    try {
      await stranger.mig('init', '--fleet-name', 'Other', '--person', 'Eve Others <eve@example.org>')
      const publish = ['policy', 'publish', '--state', elsewhere.path('investigator')]
      expect(await stranger.fails(...publish)).toBe('wrong-fleet')
      const wire = base64Encode(new Uint8Array(readFileSync(stranger.path('fleet', 'policy.mig'))))
      await expect(service().publish('policy', wire)).rejects.toMatchObject({ code: 'bad-policy' })
    } finally {
      stranger.remove()
    }
  })

  it('stops on SIGTERM with code 0 and leaves no process and no mark behind', async () => {
    const mesh = meshPid()
    expect(isAlive(mesh)).toBe(true)
    for (const node of [agent, investigator, relay]) {
      const { code, tookMs } = await node.stop()
      expect(code).toBe(0)
      expect(tookMs).toBeLessThan(5000)
    }
    expect(isAlive(mesh)).toBe(false)
    for (const [desk, role] of [
      [elsewhere, 'agent'],
      [elsewhere, 'investigator'],
      [office, 'relay'],
    ] as const)
      expect(existsSync(desk.path(role, 'mesh', 'running'))).toBe(false)
  })

  it('leaves no mesh process behind when the gate process is killed', async () => {
    const again = await start(elsewhere, ['agent', 'start'], /^ready$/)
    const mesh = meshPid()
    process.kill(again.pid, 'SIGKILL')
    await vi.waitFor(() => expect(isAlive(mesh)).toBe(false), soon)
  })

  it('opens its store again after that stop', async () => {
    const again = await start(
      office,
      ['relay', 'start', '--listen', '/ip4/127.0.0.1/tcp/0'],
      /^listening on /,
    )
    expect((await again.stop()).code).toBe(0)
  })
})

type EditablePolicy = { limits: { wallseconds: number } }

function edit(desk: Desk, change: (policy: EditablePolicy) => void): void {
  const path = desk.path('fleet', 'policy.json')
  const policy = JSON.parse(readFileSync(path, 'utf8')) as EditablePolicy
  change(policy)
  writeFileSync(path, JSON.stringify(policy))
}
