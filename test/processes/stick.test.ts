import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../node/core/encoding.ts'
import { createBundleWriter } from '../../node/roles/bundle-format.ts'
import { type Item, itemKinds } from '../../node/sync/item.ts'
import { builtMig, type MigRun } from '../cli/run-mig.ts'
import {
  aRealFleet,
  type EnrolledAgent,
  passphrase,
  type RealFleet,
  type RealNode,
  startProcess,
} from './real-fleet.ts'

/** An empty network namespace: not even loopback is up. Needs root. */
const inNoNetwork = spawnSync('unshare', ['-n', 'true']).status === 0 ? ['unshare', '-n'] : []
const secret = 'hunter2-on-no-stick'

describe.skipIf(process.platform !== 'linux')('a host without any network, by stick', () => {
  let fleet: RealFleet
  let agent: EnrolledAgent
  let investigator: RealNode
  let questions = 0
  const stick = (name: string) => fleet.desk.path(name)

  beforeAll(async () => {
    if (inNoNetwork.length === 0)
      process.stderr.write('NOT ROOT: the agent runs beside a network here, which it only does not use\n')
    fleet = await aRealFleet()
    agent = { name: 'vault', state: fleet.desk.path('there', 'agent'), root: fleet.desk.path('vault') }
    mkdirSync(join(agent.root, 'etc/cron.d'), { recursive: true })
    writeFileSync(join(agent.root, 'etc/cron.d/job'), `PASSWORD=${secret}\n`)
    writeFileSync(join(agent.root, 'etc/os-release'), 'PRETTY_NAME="Debian 12"\n')
    // In a home of its own, which has no policy: that comes on the stick, too.
    const { out } = await fleet.desk.mig('invite', '--role', 'agent')
    good(await there('agent', 'enrol', out, '--name', 'vault'))
    investigator = await fleet.startInvestigator()
  }, 90_000)
  afterAll(async () => {
    // Started anew below, and not by the fleet.
    investigator?.child.kill('SIGTERM')
    await investigator?.ended
    await fleet?.stop()
  }, 30_000)

  /** A command at the host without a network. */
  async function there(...words: string[]): Promise<MigRun> {
    const [program = '', ...args] = [...inNoNetwork, process.execPath, builtMig(), ...words]
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH ?? '', HOME: fleet.desk.home, MIG_HOME: fleet.desk.path('there') },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' }
    for (const where of ['stdout', 'stderr'] as const)
      child[where].on('data', (chunk: Buffer) => {
        said[where] += chunk.toString()
      })
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { code, ...said, bytes: Buffer.from(said.stdout) }
  }
  const exportThere = (file: string, ...more: string[]) =>
    there('bundle', 'export', file, '--state', agent.state, '--root', agent.root, ...more)
  const importThere = (file: string, ...more: string[]) =>
    there('bundle', 'import', file, '--state', agent.state, '--root', agent.root, ...more)
  const here = (...words: string[]) =>
    fleet.mig('bundle', ...words, '--state', fleet.desk.path('investigator'))

  function good(run: MigRun): MigRun {
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 })
    return run
  }
  async function ask(...question: string[]): Promise<string> {
    const file = fleet.desk.path(`question-${questions++}.json`)
    await fleet.desk.mig('action', 'draft', '-o', file, 'file', ...question)
    await fleet.desk.mig('action', 'sign', file)
    await fleet.desk.mig('action', 'send', file, '-y')
    return fleet.withService(async (service) => (await service.actions())[0]?.id ?? '')
  }
  const accountOf = (id: string) => fleet.withService((service) => service.accounting(id))

  it('is known to the fleet once its first bundle has come', async () => {
    good(await exportThere(stick('hello.mig')))
    expect(statSync(stick('hello.mig')).mode & 0o777).toBe(0o600)
    good(await here('import', stick('hello.mig')))
    const [row] = await fleet.withService((service) => service.agents())
    expect(row).toMatchObject({ name: 'vault', mode: 'checkin', addresses: [] })
  }, 60_000)

  it('answers what came on the stick, and the account is complete when its answer has come back', async () => {
    const id = await ask('-path', '/etc/cron.d', '-content', 'PASSWORD')
    good(await here('export', stick('asked.mig')))
    const taken = JSON.parse(good(await importThere(stick('asked.mig'), '--json')).stdout)
    expect(taken).toMatchObject({
      tally: { policy: { taken: 1 }, action: { taken: 1 } },
      waiting: 1,
      unfinished: 0,
    })
    expect((await accountOf(id)).silent).toHaveLength(1)

    good(await exportThere(stick('answers.mig')))
    const back = JSON.parse(good(await here('import', stick('answers.mig'), '--json')).stdout)
    expect(back).toMatchObject({ tally: { result: { taken: 1, held: 0, refused: {} } } })
    expect(await accountOf(id)).toMatchObject({ answered: [{ name: 'vault', found: true }], silent: [] })
  }, 60_000)

  it('changes nothing when a stick comes twice', async () => {
    const again = JSON.parse(good(await importThere(stick('asked.mig'), '--json')).stdout)
    expect(again).toMatchObject({ tally: { action: { taken: 0, held: 1 } }, waiting: 1 })
    const back = JSON.parse(good(await here('import', stick('answers.mig'), '--json')).stdout)
    expect(back).toMatchObject({ tally: { result: { taken: 0, held: 1 } } })
  }, 60_000)

  it('forgets its answer when the receipt has come', async () => {
    good(await here('export', stick('receipts.mig')))
    const taken = JSON.parse(good(await importThere(stick('receipts.mig'), '--json')).stdout)
    expect(taken).toMatchObject({ tally: { receipt: { taken: 1 } }, waiting: 0 })
    const told = JSON.parse(good(await exportThere(stick('rest.mig'), '--json')).stdout)
    expect(told.counts).toMatchObject({ heartbeat: 1 })
    expect(told.counts.result).toBeUndefined()
  }, 60_000)

  it('carries only what was chosen', async () => {
    const one = await ask('-path', '/etc', '-name', 'one')
    await ask('-path', '/etc', '-name', 'two')
    const told = JSON.parse(
      good(await here('export', stick('one.mig'), '--action', one.slice(0, 12), '--json')).stdout,
    )
    expect(told.counts.action).toBe(1)
    const none = JSON.parse(good(await here('export', stick('none.mig'), '--since', '1ms', '--json')).stdout)
    expect(none.counts.action).toBeUndefined()
    expect((await here('export', stick('odd.mig'), '--action', 'zzzz')).stderr).toContain(
      'there is no action zzzz here',
    )
    expect(readdirSync(fleet.desk.home).filter((name) => /odd|\.new$/.test(name))).toEqual([])
    const twice = await here('export', stick('one.mig'))
    expect({ code: twice.code, stderr: twice.stderr }).toEqual({
      code: 1,
      stderr: `error: ${stick('one.mig')} exists\nhint: another name, or --force\n`,
    })
    good(await here('export', stick('one.mig'), '--force'))
  }, 60_000)

  it('keeps what was whole of a damaged stick, and says where it broke and what to do', async () => {
    const whole = readFileSync(stick('asked.mig'))
    writeFileSync(stick('torn.mig'), whole.subarray(0, whole.length - 3))
    const torn = await importThere(stick('torn.mig'))
    expect(torn.code).toBe(1)
    expect(torn.stderr).toMatch(/damaged at byte \d+: it ends in the middle\nhint: .*import it once more\n$/)
    expect(torn.stdout).toMatch(/^action +0 +1 +0$/m)
    const changed = Buffer.from(whole)
    changed[200] = (changed[200] ?? 0) ^ 1
    writeFileSync(stick('changed.mig'), changed)
    expect((await here('import', stick('changed.mig'))).stderr).toContain('its check does not hold')
    writeFileSync(stick('text.mig'), 'hello')
    expect((await here('import', stick('text.mig'))).stderr).toContain('not a bundle')
  }, 60_000)

  it('lets nothing in from a stick of another fleet, and gives up one full of junk', async () => {
    const { fleet: ours } = await fleet.withService((service) => service.about())
    const junk = (count: number): readonly Item[] =>
      Array.from({ length: count }, (_, i) => ({
        kind: itemKinds[i % itemKinds.length] ?? 'root',
        bytes: utf8(`junk ${i}`),
      }))
    await writeStick('other.mig', 'b'.repeat(52), junk(10))
    await writeStick('junk.mig', ours, junk(5000))
    await writeStick('some-junk.mig', ours, junk(10))
    for (const take of [
      (name: string) => here('import', stick(name), '--json'),
      (name: string) => importThere(stick(name), '--json'),
    ]) {
      const other = await take('other.mig')
      expect(other.code).toBe(1)
      expect(JSON.parse(other.stdout)).toMatchObject({ fleet: 'b'.repeat(52), tally: {} })
      expect(other.stderr).toMatch(/^error: .* is of fleet bbbb.*, this node of [a-z2-7]{52}\n$/)
      const full = await take('junk.mig')
      expect({ code: full.code, stderr: full.stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('more than 1000 items are none of any honest node'),
      })
      const some = await take('some-junk.mig')
      expect(some.code).toBe(0)
      for (const line of Object.values(JSON.parse(some.stdout).tally as Record<string, { taken: number }>))
        expect(line.taken).toBe(0)
    }
  }, 60_000)

  async function writeStick(name: string, ofFleet: string, items: readonly Item[]): Promise<void> {
    const parts: Uint8Array[] = []
    const writer = await createBundleWriter(ofFleet, async (bytes) => void parts.push(bytes))
    for (const item of items) await writer.add(item)
    await writer.finish()
    writeFileSync(stick(name), Buffer.concat(parts))
  }

  it('brings the whole result where it did not fit, when that is asked for', async () => {
    mkdirSync(join(agent.root, 'etc/many'))
    for (let n = 0; n < 500; n++)
      writeFileSync(join(agent.root, 'etc/many', `${'long'.repeat(20)}-${n}.conf`), 'x')
    const id = await ask('-path', '/etc/many', '-name', 'conf$', '-matchall')
    good(await here('export', stick('many.mig'), '--action', id))
    good(await importThere(stick('many.mig')))
    const without = JSON.parse(good(await exportThere(stick('plain.mig'), '--json')).stdout)
    expect(without.counts.page).toBeUndefined()
    const told = JSON.parse(good(await exportThere(stick('whole.mig'), '--pages', '--json')).stdout)
    expect(told.counts.page).toBeGreaterThan(1)
    const back = JSON.parse(good(await here('import', stick('whole.mig'), '--json')).stdout)
    expect(back.tally).toMatchObject({ result: { taken: 1 }, page: { taken: told.counts.page, refused: {} } })
    const shown = await fleet.mig(
      'results',
      id,
      '--full',
      '--json',
      '--state',
      fleet.desk.path('investigator'),
    )
    expect(good(shown).stdout).toContain('-499.conf')
    expect((await here('export', stick('odd.mig'), '--pages')).stderr).toContain(
      '--pages is for investigators',
    )
    good(await here('export', stick('many-receipt.mig'), '--action', id))
    expect(JSON.parse(good(await importThere(stick('many-receipt.mig'), '--json')).stdout).waiting).toBe(0)
  }, 90_000)

  it('brings its answer while no investigator’s node runs, too', async () => {
    const id = await ask('-path', '/etc', '-name', 'three')
    good(await here('export', stick('three.mig'), '--action', id))
    investigator.child.kill('SIGTERM')
    await investigator.ended
    good(await importThere(stick('three.mig')))
    good(await exportThere(stick('three-back.mig')))
    good(await here('import', stick('three-back.mig')))
    good(await here('export', stick('three-receipt.mig'), '--action', id))
    expect(good(await fleet.mig('accounting', id)).stdout).toMatch(/vault/)
    expect(JSON.parse(good(await importThere(stick('three-receipt.mig'), '--json')).stdout)).toMatchObject({
      tally: { receipt: { taken: 1 } },
      waiting: 0,
    })
    investigator = startProcess(fleet.desk.home, ['investigator', 'start'])
    await investigator.says(/^ready$/)
  }, 90_000)

  it('learns from the stick that it was restored from a copy, and runs nothing again', async () => {
    const keep = (from: string, to: string) => {
      for (const path of ['', '.steps']) {
        rmSync(`${to}${path}`, { recursive: true, force: true })
        cpSync(`${from}${path}`, `${to}${path}`, { recursive: true })
      }
    }
    const copy = fleet.desk.path('copy')
    keep(agent.state, copy)
    const id = await ask('-path', '/etc', '-name', 'ran-before')
    good(await here('export', stick('before.mig'), '--action', id))
    expect(JSON.parse(good(await importThere(stick('before.mig'), '--json')).stdout).waiting).toBe(1)
    good(await exportThere(stick('ran.mig')))
    good(await here('import', stick('ran.mig')))

    keep(copy, agent.state)
    good(await here('export', stick('after.mig'), '--action', id))
    const taken = JSON.parse(good(await importThere(stick('after.mig'), '--json')).stdout)
    expect(taken).toMatchObject({ tally: { action: { taken: 1 }, heartbeat: { taken: 1 } }, waiting: 0 })

    // What is asked from now on is refused for five minutes, and the refusal comes back by stick as well.
    const refused = await ask('-path', '/etc', '-name', 'too-soon')
    good(await here('export', stick('soon.mig'), '--action', refused))
    good(await importThere(stick('soon.mig')))
    good(await exportThere(stick('no.mig')))
    good(await here('import', stick('no.mig')))
    const account = await accountOf(refused)
    expect(account).toMatchObject({ refused: [{ name: 'vault' }], silent: [] })
    expect(account.refused[0]?.note).toContain('replay-fence')
  }, 60_000)

  it('is not read or written beside the running agent', async () => {
    const running = await fleet.startAgent(agent)
    for (const run of [await importThere(stick('asked.mig')), await exportThere(stick('x.mig'))]) {
      expect(run.code).toBe(1)
      expect(run.stderr).toMatch(/^error: the agent in .* runs\nhint: .*stop it first/)
    }
    running.child.kill('SIGTERM')
    await running.ended
  }, 60_000)

  it('has no secret on it', () => {
    const secrets = [
      secret,
      passphrase,
      ...['mesh/peer.key', 'gate/answer.key', 'gate/sealing.key'].map((file) =>
        readFileSync(join(agent.state, file)),
      ),
      readFileSync(fleet.desk.path('investigator', 'mesh', 'peer.key')),
    ].map((one) => Buffer.from(one))
    const sticks = readdirSync(fleet.desk.home).filter((name) => name.endsWith('.mig'))
    expect(sticks.length).toBeGreaterThan(8)
    for (const name of sticks) {
      const bytes = readFileSync(stick(name))
      for (const one of secrets)
        for (const form of [
          one,
          Buffer.from(one.toString('base64')),
          Buffer.from(one.toString('base64url')),
          Buffer.from(one.toString('hex')),
        ])
          expect(bytes.includes(form)).toBe(false)
    }
  })
})
