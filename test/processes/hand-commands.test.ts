import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Said } from '../cli/fleet/desk.ts'
import { buildChild, startChild } from '../store/child.ts'
import { aRealFleet, type EnrolledAgent, type RealFleet, type RealNode, until } from './real-fleet.ts'

const header =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
/** A connection to 23.235.43.27:443, the first address of the deck's action, as the kernel prints it. */
const connection =
  '   0: 0A01A8C0:C350 1B2BEB17:01BB 01 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 20 4 30 10 -1\n'

/** The commands as an investigator types them, against real nodes; one agent is off at first. */
describe.skipIf(process.platform !== 'linux')('asking by hand', () => {
  let fleet: RealFleet
  let off: EnrolledAgent
  let investigator: RealNode
  const mig = (...words: string[]): Promise<Said> => fleet.desk.mig(...words)
  const account = (said: Said) => said.said.split('\n').findLast((line) => /\d+ expected/.test(line))
  const idOf = (said: Said): string => /^action (\w{52})$/m.exec(said.said)?.[1] ?? 'no id'
  let drafts = 0
  const draft = async (...words: string[]): Promise<string> => {
    const file = fleet.desk.path(`${drafts++}.json`)
    await mig('action', 'draft', '-o', file, ...words)
    return file
  }
  const nothing = ['file', '-path', '/etc', '-name', '^no-such-file$'] as const

  beforeAll(async () => {
    fleet = await aRealFleet()
    const web1 = await fleet.enrolAgent('web1', {
      '/etc/cron.d/job': 'PASSWORD=hunter2\n',
      '/proc/net/tcp': header + connection,
      '/var/log/access.log': 'GET / "() { :; }; /bin/ping"\n',
    })
    off = await fleet.enrolAgent('web2', { '/etc/cron.d/job': 'true\n' })
    investigator = await fleet.startInvestigator()
    await fleet.startAgent(web1)
    const second = await fleet.startAgent(off)
    await until(
      'both are known',
      () => fleet.withService(async (service) => (await service.agents()).length === 2),
      30_000,
    )
    second.child.kill('SIGTERM')
    await second.ended
  }, 120_000)
  afterAll(() => fleet?.stop(), 30_000)

  it('shows who is there, and what a target would reach', async () => {
    const { out, said } = await mig('agents')
    expect(out).toMatch(/^web1 +online +daemon +linux /m)
    expect(said).toBe('2 of 2 agents')
    const aimed = await mig('agents', '-t', "name='web1'", '--json')
    expect([JSON.parse(aimed.out).length, aimed.said]).toEqual([1, '1 of 2 agents would be targeted'])
    expect((await mig('mesh', 'peers')).out).toMatch(/^web1 +agent /m)
  })

  it('prints a draft with -p and a signed action with -s, and sends neither', async () => {
    const known = (await mig('action', 'list', '--json')).out
    const printed = JSON.parse((await mig('-p', ...nothing)).out)
    expect(printed).toMatchObject({ name: expect.stringMatching(/^mig -p file/), pgpsignatures: [] })
    const signed = JSON.parse((await mig('-s', ...nothing)).out)
    expect(signed.pgpsignatures).toHaveLength(1)
    expect((await mig('action', 'list', '--json')).out).toBe(known)
  })

  let hit: string

  it('finds, narrows to those that found something, and takes a question from a file', async () => {
    const first = await mig('-y', '-t', "name='web1'", 'file', '-path', '/etc', '-content', '^PASSWORD')
    expect([first.code, first.out, account(first)]).toEqual([
      0,
      expect.stringMatching(/^web1 \/etc\/cron\.d\/job \[/),
      '1 expected, 1 answered (1 found)',
    ])
    hit = idOf(first)
    const wait = ['--wait', '20s'] as const
    const second = await mig('-y', ...wait, '--target-found', hit, 'file', '-path', '/etc', '-name', '^job$')
    expect([second.code, account(second)]).toEqual([0, '1 expected, 1 answered (1 found)'])
  })

  it("runs the deck's action from its file, both of its operations", async () => {
    const deck = join(process.cwd(), 'docs/actions/shellshock-iocs-deck.json')
    const run = await mig('-y', '--wait', '3s', '-i', deck)
    expect(run.out).toMatch(/^web1 \/var\/log\/access\.log .*in search 'iocs'/m)
    expect(run.out).toMatch(/^web1 found connected tuple 23\.235\.43\.27:443 /m)
    expect(account(run)).toMatch(/^2 expected, 1 answered \(1 found\), 1 silent: web2/)
  })

  let open: string

  it('never shows nothing found as clean while somebody is silent, wherever it shows the account', async () => {
    const asked = await mig('-y', '--wait', '4s', ...nothing)
    open = idOf(asked)
    const short = open.slice(0, 10)
    const incomplete = /2 expected, 1 answered \(0 found\), 1 silent: web2.* incomplete, not clean$/
    expect([asked.code, asked.out, account(asked)]).toEqual([4, '', expect.stringMatching(incomplete)])
    expect(asked.said).toContain(`mig follow ${open.slice(0, 12)}`)
    expect(account(await mig('results', short))).toMatch(incomplete)
    expect((await mig('action', 'show', short)).out).toMatch(incomplete)
    const { code, out } = await mig('accounting', short)
    expect([code, out]).toEqual([4, expect.stringMatching(incomplete)])
    expect(out).toMatch(/^silent \(1\)\n {2}web2 /m)
    // Without an id: every action with its own account.
    const accounts = (await mig('results')).said.split('\n')
    expect(accounts.find((line) => line.startsWith(open.slice(0, 12)))).toMatch(incomplete)
    expect(accounts.find((line) => line.startsWith(hit.slice(0, 12)))).toMatch(/: 1 expected, 1 answered/)
  })

  it('goes on when the agent that was off returns, for whoever follows', async () => {
    const following = mig('follow', open.slice(0, 12), '--show', 'all', '--wait', '60s')
    const again = await fleet.startAgent(off)
    expect([(await following).code, account(await following)]).toEqual([
      0,
      '2 expected, 2 answered (0 found)',
    ])
    again.child.kill('SIGTERM')
    await again.ended
  }, 90_000)

  it('verifies, explains and lists; an edited file has no valid signature', async () => {
    const file = await draft('-t', "name='web2'", ...nothing)
    await mig('action', 'sign', file)
    const verified = await mig('action', 'verify', file)
    expect([verified.code, verified.out]).toEqual([
      0,
      expect.stringContaining('valid signature: Ada Lovelace'),
    ])
    expect((await mig('action', 'explain', file)).out).toMatch(
      /signed by: Ada Lovelace\n(.*\n)*answers can be/,
    )
    const edited = fleet.desk.path('edited.json')
    writeFileSync(edited, readFileSync(file, 'utf8').replace('no-such-file', 'shadow'))
    const wrong = await mig('action', 'verify', edited)
    expect([wrong.code, wrong.out]).toEqual([1, expect.stringContaining('does not count')])
    expect((await mig('action', 'list')).out).toMatch(
      new RegExp(`^${hit.slice(0, 12)} +open .*Ada Lovelace`, 'm'),
    )
  })

  it('cancels: an agent that was off then never runs it', async () => {
    const file = await draft('-t', "name='web2'", ...nothing)
    await mig('action', 'sign', file)
    const { out: id } = await mig('action', 'send', file, '-y')
    await mig('action', 'cancel', id, '--reason', 'a mistake')
    const back = await fleet.startAgent(off)
    // A later question tells when it has heard of everything before.
    const later = await mig('-y', '--wait', '60s', '-t', "name='web2'", ...nothing)
    expect(account(later)).toBe('1 expected, 1 answered (0 found)')
    const { answered } = JSON.parse((await mig('accounting', id, '--json')).out)
    expect(answered).toEqual([])
    expect((await mig('action', 'list')).out).toMatch(new RegExp(`^${id.slice(0, 12)} +cancelled `, 'm'))
    // Whoever looks at one action is told the same, in the line that says how long it is open.
    for (const command of ['show', 'explain'])
      expect((await mig('action', command, id)).out).toMatch(/^open: \S+ to \S+ \(cancelled\)$/m)
    expect((await mig('action', 'show', hit)).out).toMatch(/^open: \S+ to \S+ \(open\)$/m)
    back.child.kill('SIGTERM')
    await back.ended
  }, 120_000)

  describe('what is wrong is said, and nothing is sent', () => {
    const day = 86_400_000

    it.each([
      ['expired', (file: string) => fleet.desk.with({ laterMs: 2 * day }).fails('action', 'send', file)],
      ['expired', (file: string) => fleet.desk.with({ laterMs: 2 * day }).fails('action', 'sign', file)],
      [
        'wrong-fleet',
        (file: string) => fleet.desk.fails('action', 'send', change(file, 'fleet', foreignFleet)),
      ],
      ['bad-target', (file: string) => fleet.desk.fails('-y', '-t', `${file} =`, ...nothing)],
    ])('%s (%#)', async (code, send) => {
      const file = await draft(...nothing)
      await mig('action', 'sign', file)
      const known = (await mig('action', 'list', '--json')).out
      expect(await send(file)).toBe(code)
      expect((await mig('action', 'list', '--json')).out).toBe(known)
    })

    it('a signer whom the policy does not know adds nothing, and that is said', async () => {
      const mallory = (await mig('key', 'new', 'Mallory Malice <mallory@example.org>')).out
      const file = await draft('-t', "name='web1'", ...nothing)
      const signed = await mig('action', 'sign', file, '--key', mallory)
      expect(signed.said).toContain(`${mallory} is nobody's key in the policy`)
      expect((await mig('action', 'verify', file)).code).toBe(1)
      const known = (await mig('action', 'list', '--json')).out
      rmSync(fleet.desk.path('keys', `${mallory}.asc`))
      await expect(mig('action', 'send', file, '-y')).rejects.toMatchObject({
        code: 'bad-action',
        message: expect.stringContaining(mallory),
      })
      expect((await mig('action', 'list', '--json')).out).toBe(known)
    })
  })

  it('without a running node runs one of its own, and says so when another command is just doing that', async () => {
    investigator.child.kill('SIGTERM')
    await investigator.ended
    const ask = () => fleet.mig('-y', '-t', "name='web1'", '--wait', '30s', ...nothing)
    const alone = await ask()
    expect([alone.code, alone.stderr]).toEqual([0, expect.stringContaining('1 expected, 1 answered')])
    const holder = startChild(await buildChild('holder'), [fleet.desk.path('investigator', 'mesh', 'store')])
    expect(await holder.nextLine()).toBe('open')
    const second = await ask()
    expect([second.code, second.stdout]).toEqual([1, ''])
    expect(second.stderr).toMatch(/^error: the store .* is in use\nhint: another mig process /m)
    expect(second.stderr).not.toMatch(/^ {4}at |LEVEL_/m)
    await holder.kill()
    // What came while nobody ran a node of one's own is there the next time.
    expect((await fleet.mig('accounting', hit.slice(0, 12))).stdout).toContain(
      '1 expected, 1 answered (1 found)',
    )
  }, 120_000)
})

const foreignFleet = `${'a'.repeat(51)}q`

function change(file: string, field: string, value: string): string {
  const changed = `${file}.changed.json`
  writeFileSync(changed, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), [field]: value }))
  return changed
}
