import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtMig } from '../cli/run-mig.ts'
import { fillLongToRead } from '../long-to-read.ts'
import {
  aRealFleet,
  type EnrolledAgent,
  isAlive,
  meshProcessOf,
  moduleHostsOf,
  type RealFleet,
  type RealNode,
  startProcess,
  until,
} from './real-fleet.ts'

describe.skipIf(process.platform !== 'linux')('the life and death of an agent’s processes', () => {
  let fleet: RealFleet
  let agent: EnrolledAgent
  let gate: RealNode
  let questions = 0

  beforeAll(async () => {
    fleet = await aRealFleet()
    agent = await fleet.enrolAgent('web1', { '/etc/cron.d/job': 'PASSWORD=hunter2\n' })
    fillLongToRead(join(agent.root, 'big'))
    await fleet.startInvestigator()
    gate = await fleet.startAgent(agent)
    await known()
  }, 90_000)
  afterAll(() => fleet?.stop(), 30_000)

  const known = () =>
    until('the agent is in the roster', () =>
      fleet.withService(async (service) => (await service.agents()).length === 1),
    )

  /** Asks and does not wait for the answer. @returns the action */
  async function ask(...words: string[]): Promise<string> {
    const file = fleet.desk.path(`question-${questions++}.json`)
    await fleet.desk.mig('action', 'draft', '-o', file, 'file', ...words)
    await fleet.desk.mig('action', 'sign', file)
    await fleet.desk.mig('action', 'send', file, '-y')
    return fleet.withService(async (service) => (await service.actions())[0]?.id ?? '')
  }
  const isAnswered = (id: string) =>
    fleet.withService(async (service) => (await service.accounting(id)).answered.length === 1)
  const moduleChildren = () => moduleHostsOf(gate.pid)
  const theMesh = () => meshProcessOf(gate.pid) ?? Number.NaN

  it('starts the mesh process again when it is killed, and answers again', async () => {
    const killed = theMesh()
    process.kill(killed, 'SIGKILL')
    await until('another one runs', () => {
      const pid = meshProcessOf(gate.pid)
      return pid !== undefined && pid !== killed
    })
    expect(gate.stderr()).toContain('"event":"mesh-ended"')
    const id = await ask('-path', '/etc/cron.d', '-content', 'PASSWORD')
    await until('the answer is there', () => isAnswered(id))
  }, 40_000)

  it('ends its module children when it stops, with code 0', async () => {
    await ask('-path', '/big', '-name', '.', '-sha2', '0'.repeat(64))
    await until('a module runs', () => moduleChildren().length > 0)
    const all = [...moduleChildren(), theMesh()]
    gate.child.kill('SIGTERM')
    const tookMs = await until('all are gone', () => !all.some(isAlive), 6000)
    expect(await gate.ended).toBe(0)
    expect(tookMs).toBeLessThan(3000)
  }, 40_000)

  it('starts from a link to the program, on a state directory behind a link', async () => {
    const link = fleet.desk.path('mig-link')
    const state = fleet.desk.path('state-link')
    symlinkSync(builtMig(), link)
    const other = await fleet.enrolAgent('linked', {})
    symlinkSync(other.state, state)
    const words = ['agent', 'start', '--state', state, '--root', other.root]
    const linked = startProcess(fleet.desk.home, words, link)
    await linked.says(/^ready$/)
    linked.child.kill('SIGTERM')
    expect(await linked.ended).toBe(0)
  }, 40_000)

  it('leaves neither the mesh process nor a module behind when it is killed', async () => {
    gate = await fleet.startAgent(agent)
    await ask('-path', '/big', '-name', '.', '-sha2', '1'.repeat(64))
    await until('a module runs', () => moduleChildren().length > 0)
    const all = [...moduleChildren(), theMesh()]
    gate.child.kill('SIGKILL')
    const tookMs = await until('all are gone', () => !all.some(isAlive), 10_000)
    expect(tookMs).toBeLessThan(3000)
  }, 40_000)

  it('reports what was running then as interrupted', async () => {
    gate = await fleet.startAgent(agent)
    const failed = () =>
      fleet.withService(async (service) => {
        const [latest] = await service.actions()
        return (await service.accounting(latest?.id ?? '')).failed.map((line) => line.note)
      })
    await until('the outcome is there', async () => (await failed()).length === 1)
    expect(await failed()).toEqual(['interrupted: the agent stopped before it had finished'])
  }, 40_000)

  it('does not start beside itself', async () => {
    const { code, stderr } = await fleet.mig('agent', 'start', '--state', agent.state, '--root', agent.root)
    expect(code).toBe(1)
    expect(stderr).toMatch(/already|in use/)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(isAlive(gate.pid)).toBe(true)
  })

  it('does not start while others can read the gate’s key, and says how to mend that', async () => {
    const loose = await fleet.enrolAgent('loose', {})
    const key = join(loose.state, 'gate', 'answer.key')
    chmodSync(key, 0o644)
    const words = ['agent', 'start', '--state', loose.state, '--root', loose.root]
    const { code, stderr } = await fleet.mig(...words)
    expect(code).toBe(1)
    expect(stderr).toContain(`chmod 600 ${key}`)
    chmodSync(key, 0o600)
    chmodSync(join(loose.state, 'gate'), 0o755)
    expect((await fleet.mig(...words)).stderr).toContain(`chmod 700 ${join(loose.state, 'gate')}`)
  })
})
