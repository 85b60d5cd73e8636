import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { childrenOf } from '../../processes/real-fleet.ts'
import { aDesk } from '../fleet/desk.ts'
import { builtMig } from '../run-mig.ts'

interface Printed {
  readonly machine: string
  readonly figures: readonly { readonly what: string; readonly value: string; readonly aim?: string }[]
}

/** The command itself with few agents and short waits: what it prints, never how large it is. */
describe.skipIf(process.platform !== 'linux')('mig bench --quick', () => {
  const desk = aDesk()
  const tmp = desk.path('tmp')
  const before = process.env.TMPDIR

  beforeAll(() => {
    builtMig()
    mkdirSync(tmp)
    process.env.TMPDIR = tmp
  }, 60_000)
  afterEach(() => {
    // Whatever it made and started is gone when it ends.
    expect(readdirSync(tmp)).toEqual([])
    expect(childrenOf(process.pid).map(commandOf)).not.toContainEqual(expect.stringMatching(/mig\.js/))
  })
  afterAll(() => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    desk.remove()
  })

  const figuresOf = async (...words: string[]): Promise<ReadonlyMap<string, string>> => {
    const { code, out } = await desk.mig('bench', '--quick', '--json', ...words)
    expect(code).toBe(0)
    const { figures } = JSON.parse(out) as Printed
    return new Map(figures.map(({ what, value }) => [what, value]))
  }
  const amount = (value: string | undefined, unit: RegExp): number => {
    expect(value).toMatch(unit)
    return Number((unit.exec(value ?? '')?.[1] ?? 'no number').replaceAll(',', ''))
  }
  const ms = /^(\d+(?:\.\d)?) ms$/
  const perSecond = /^([\d,]+) \/s$/

  it('prints rates and starts of single steps, as a table that it also writes to a page', async () => {
    const page = desk.path('page.md')
    const { code, out } = await desk.mig('bench', '--quick', '--only', 'micro', '--write', page)
    expect(code).toBe(0)
    const rows = out.trimEnd().split('\n')
    expect(rows.slice(0, 2)).toEqual(['| what | measured | aim |', '|---|---|---|'])
    const cells = rows.slice(2).map((row) => row.split('|').map((cell) => cell.trim()))
    const values = new Map(cells.map(([, what = '', value = '']) => [what, value]))
    const units: readonly (readonly [string, RegExp])[] = [
      ['verifications of an action, 1 signature', perSecond],
      ['verifications of an action, 3 signatures', perSecond],
      ['summaries sealed and signed (4 KiB)', perSecond],
      ['summaries opened', perSecond],
      ['results stored, synced, 64 at once', perSecond],
      ['`mig version`', ms],
      ['`mig help`', ms],
      ['Node alone (`node -e 0`), for comparison', ms],
    ]
    expect([...values.keys()]).toEqual(units.map(([what]) => what))
    for (const [what, unit] of units)
      expect([what, amount(values.get(what), unit)]).toEqual([what, expect.any(Number)])
    for (const [what, unit] of units) expect(amount(values.get(what), unit)).toBeGreaterThan(0)
    expect(cells.filter(([, , , aim]) => aim !== '').map(([, what, , aim]) => [what, aim])).toEqual([
      ['`mig version`', '150 ms'],
      ['`mig help`', '150 ms'],
    ])
    const written = readFileSync(page, 'utf8')
    expect(written).toContain(out)
    expect(written).toMatch(/^Made by `npm run bench -- --write docs\/benchmarks\.md` on .+, \d+ cores, /m)
  }, 60_000)

  it('asks every agent of a lab', async () => {
    const figures = await figuresOf('--only', 'lab')
    const what = '`file` over 3 agents in one process'
    expect([...figures.keys()]).toEqual([`${what}, first answer`, `${what}, all answered`])
    const first = amount(figures.get(`${what}, first answer`), ms)
    expect(first).toBeGreaterThan(0)
    expect(amount(figures.get(`${what}, all answered`), ms)).toBeGreaterThanOrEqual(first)
  }, 60_000)

  it('lets a node catch up until each answer is confirmed', async () => {
    const figures = await figuresOf('--only', 'catch-up', '--missed', '200')
    const what = 'catch-up of 200 missed results from a relay over TCP'
    expect([...figures.keys()]).toEqual([what, 'the same until each has its signed receipt'])
    const came = amount(figures.get(what), /^(\d+\.\d) s, [\d,]+ \/s$/)
    const confirmed = amount(figures.get('the same until each has its signed receipt'), /^(\d+\.\d) s$/)
    expect(confirmed).toBeGreaterThanOrEqual(came)
  }, 60_000)

  it('asks real agents, and watches one that has nothing to do', async () => {
    const figures = await figuresOf('--only', 'real', '--idle', '2')
    const what = '`file` over 2 real agents on loopback'
    const resident = 'resident memory of an idle agent, gate + mesh'
    expect([...figures.keys()]).toEqual([
      `${what}, first answer`,
      `${what}, all answered`,
      resident,
      'resident memory of an investigator’s node',
      'processor time of an idle agent over 2 s',
    ])
    const first = amount(figures.get(`${what}, first answer`), ms)
    expect(amount(figures.get(`${what}, all answered`), ms)).toBeGreaterThanOrEqual(first)
    // Two processes, whatever else its gate has still running.
    const [, gate, mesh, sum] = /^(\d+) \+ (\d+) = (\d+) MB$/.exec(figures.get(resident) ?? '') ?? []
    expect(Number(gate) + Number(mesh)).toBe(Number(sum))
    for (const megabytes of [gate, mesh]) expect(Number(megabytes)).toBeGreaterThan(20)
    expect(amount(figures.get('resident memory of an investigator’s node'), /^(\d+) MB$/)).toBeGreaterThan(20)
    const idle = amount(figures.get('processor time of an idle agent over 2 s'), /^(\d+\.\d) ms\/s$/)
    // It has two processors' worth of time at most.
    expect(idle).toBeLessThanOrEqual(2000)
  }, 60_000)

  it('measures a fleet in one process: answers, what their time went for, and what each sort of node carries', async () => {
    const figures = await figuresOf('--only', 'scale', '--nodes', '3')
    const fleet = '3 agents, 3 relays, 1 investigators’ nodes in one process: 50 / 95 / 100 % of answers'
    const [, half, most, all] =
      /^([\d.]+) ms \/ ([\d.]+) ms \/ ([\d.]+) ms$/.exec(figures.get(fleet) ?? '') ?? []
    expect(Number(half)).toBeGreaterThan(0)
    expect(Number(most)).toBeGreaterThanOrEqual(Number(half))
    expect(Number(all)).toBeGreaterThanOrEqual(Number(most))
    const shares = [...(figures.get('of which on the main thread') ?? '').matchAll(/ (\d+) %/g)].map(
      ([, share]) => Number(share),
    )
    expect(shares).toHaveLength(8)
    expect(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 100)).toBeLessThanOrEqual(4)
    for (const who of ['an agent', 'a relay', 'an investigator’s node'])
      expect(
        figures.get(`${who}, for a question${who === 'an agent' ? ', its receipt included' : ''}`),
      ).toMatch(/^in \d+\.\d kB in \d+ messages, out \d+\.\d kB in \d+ \(payload: gossip /)
    expect(figures.get('an agent at rest, a minute (of 1 s)')).toBeDefined()
  }, 90_000)

  it.each([
    ['--only', 'nonsense'],
    ['--nodes', '0'],
    ['--idle', 'soon'],
    ['--missed', '0'],
  ])('refuses %s %s, and measures nothing', async (option, value) => {
    expect(await desk.fails('bench', '--quick', option, value)).toBe('usage')
  })
})

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // it has ended
  }
}
