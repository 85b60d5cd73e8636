import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MigRun } from '../cli/run-mig.ts'
import { fillLongToRead } from '../long-to-read.ts'
import {
  aRealFleet,
  childrenOf,
  type EnrolledAgent,
  isAlive,
  moduleHostsOf,
  type RealFleet,
  type RealNode,
  startProcess,
  until,
} from './real-fleet.ts'

interface Said {
  readonly exit: number
  readonly reached: readonly { readonly name: string; readonly role: string }[]
  readonly ran: readonly string[]
  readonly refused: readonly unknown[]
  readonly confirmed: number
  readonly waiting: number
  readonly handedOver: boolean
}

describe.skipIf(process.platform !== 'linux')('an agent that only checks in', () => {
  let fleet: RealFleet
  let agent: EnrolledAgent
  let investigator: RealNode
  let questions = 0

  beforeAll(async () => {
    fleet = await aRealFleet()
    agent = await fleet.enrolAgent('web1', { '/etc/cron.d/job': 'PASSWORD=hunter2\n' })
    fillLongToRead(join(agent.root, 'big'))
    investigator = await fleet.startInvestigator()
  }, 90_000)
  afterAll(async () => {
    // Started anew below, and not by the fleet.
    investigator?.child.kill('SIGTERM')
    await investigator?.ended
    await fleet?.stop()
  }, 30_000)

  const words = (...more: string[]) => [
    ...['agent', 'checkin', '--state', agent.state, '--root', agent.root],
    ...more,
  ]
  const checkin = (...more: string[]): Promise<MigRun> => fleet.mig(...words(...more))
  async function checkinSays(...more: string[]): Promise<Said> {
    const run = await checkin('--json', ...more)
    expect(run.stdout, run.stderr).not.toBe('')
    const said = JSON.parse(run.stdout) as Said
    expect(run.code).toBe(said.exit)
    return said
  }
  /** Asks everybody and does not wait. @returns the action */
  async function ask(...question: string[]): Promise<string> {
    const file = fleet.desk.path(`question-${questions++}.json`)
    await fleet.desk.mig('action', 'draft', '-o', file, 'file', ...question)
    await fleet.desk.mig('action', 'sign', file)
    await fleet.desk.mig('action', 'send', file, '-y')
    return fleet.withService(async (service) => (await service.actions())[0]?.id ?? '')
  }
  const accountOf = (id: string) => fleet.withService((service) => service.accounting(id))

  it('says nothing when there is nothing to do, and is then known to the fleet', async () => {
    const run = await checkin()
    expect({ code: run.code, stdout: run.stdout, stderr: run.stderr }).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
    await until('it is in the roster', () =>
      fleet.withService(async (service) => (await service.agents()).length === 1),
    )
    const [row] = await fleet.withService((service) => service.agents())
    expect(row).toMatchObject({ name: 'web1', mode: 'checkin' })
    expect(existsSync(join(agent.state, 'mesh', 'running'))).toBe(false)
  }, 60_000)

  it('answers what was asked while it was off, once', async () => {
    const id = await ask('-path', '/etc/cron.d', '-content', 'PASSWORD')
    expect((await accountOf(id)).silent.map(({ name }) => name)).toEqual(['web1'])
    const said = await checkinSays()
    expect(said).toMatchObject({ exit: 0, ran: [id], refused: [], confirmed: 1, waiting: 0 })
    expect(said.reached.map(({ name }) => name)).toContain('hub')
    expect(await accountOf(id)).toMatchObject({ answered: [{ name: 'web1' }], silent: [] })
    expect(await checkinSays()).toMatchObject({ exit: 0, ran: [], confirmed: 0, waiting: 0 })
  }, 60_000)

  it('loses nothing when it is stopped midway: the answer says that it was interrupted', async () => {
    const id = await ask('-path', '/big', '-name', '.', '-sha2', '0'.repeat(64))
    const run = startProcess(fleet.desk.home, words())
    await until('a module runs', () => moduleHostsOf(run.pid).length > 0)
    const all = [...childrenOf(run.pid), run.pid]
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(4)
    await until('all are gone', () => !all.some(isAlive), 3000)
    expect(run.stderr()).toMatch(/^web1: reached .*1 run, .*told to stop\n$/)
    expect(await checkinSays()).toMatchObject({ exit: 0, ran: [], confirmed: 1, waiting: 0 })
    expect((await accountOf(id)).failed.map(({ note }) => note)).toEqual([
      'interrupted: the agent stopped before it had finished',
    ])
  }, 60_000)

  it('begins nothing when time is up, and lets what runs end', async () => {
    const slow = (digit: string) =>
      ask('-path', '/big', '-name', '.', '-sha2', digit.repeat(64), '--limit-wall', '6s')
    const asked = [await slow('2'), await slow('3')]
    const said = await checkinSays('--max-time', '3s')
    expect(said.ran).toHaveLength(1)
    expect(said).toMatchObject({ exit: 0, confirmed: 1, waiting: 0 })
    const next = await checkinSays()
    expect(new Set([...said.ran, ...next.ran])).toEqual(new Set(asked))
    for (const id of asked) {
      const { failed } = await accountOf(id)
      expect(failed.map(({ note }) => note)).toEqual([expect.not.stringContaining('interrupted')])
    }
  }, 90_000)

  it('does not run beside itself, nor beside a running agent', async () => {
    await ask('-path', '/big', '-name', '.', '-sha2', '1'.repeat(64), '--limit-wall', '4s')
    const first = startProcess(fleet.desk.home, words())
    await until('it runs', () => moduleHostsOf(first.pid).length > 0)
    const second = await checkin()
    expect(second.code).toBe(1)
    expect(second.stderr).toMatch(/in use: an agent or another check-in runs there\nhint: /)
    expect(second.stderr).not.toMatch(/\n\s+at /)
    expect(await first.ended).toBe(0)
    const running = await fleet.startAgent(agent)
    const third = await checkin('--json')
    expect(third.code).toBe(1)
    expect(third.stdout).toBe('')
    expect(third.stderr).toContain('a running agent needs no check-in')
    expect(isAlive(running.pid)).toBe(true)
    running.child.kill('SIGTERM')
    await running.ended
  }, 90_000)

  it('gives its answer to a relay when the investigator is away, and its receipt is waiting the next time', async () => {
    const id = await ask('-path', '/etc/cron.d', '-content', 'PASSWORD')
    investigator.child.kill('SIGTERM')
    await investigator.ended
    expect(await checkinSays()).toMatchObject({
      exit: 0,
      ran: [id],
      confirmed: 0,
      waiting: 1,
      handedOver: true,
    })
    investigator = startProcess(fleet.desk.home, ['investigator', 'start'])
    await investigator.says(/^ready$/)
    await until('the answer is there', async () => (await accountOf(id)).answered.length === 1)
    expect(await checkinSays()).toMatchObject({ exit: 0, ran: [], confirmed: 1, waiting: 0 })
  }, 90_000)

  it('fails with 1 when nobody is there, and keeps nothing running', async () => {
    const alone = await fleet.enrolAgent('alone', {})
    fleet.relay.child.kill('SIGSTOP')
    try {
      const run = await fleet.mig(
        ...['agent', 'checkin', '--state', alone.state, '--root', alone.root, '--max-time', '2s'],
      )
      expect(run.code).toBe(1)
      expect(run.stderr).toBe('alone: nobody was reached, 0 run, 0 confirmed\n')
    } finally {
      fleet.relay.child.kill('SIGCONT')
    }
    expect(readFileSync(join(alone.state, 'mesh', 'role'), 'utf8')).toBe('agent\n')
  }, 60_000)
})
