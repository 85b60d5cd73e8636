import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MigRun } from '../cli/run-mig.ts'
import { aRealFleet, type RealFleet, until } from '../processes/real-fleet.ts'

/** Names that a local user can give to files, and what each would do to whoever prints them. */
const hostileNames = {
  'clears the screen': '\u001b[2J\u001b[Hclean.txt',
  'sets the window title': '\u001b]0;owned\u0007.txt',
  'fakes a line of another agent': 'x\nweb2 /etc/shadow [lastmodified:2026-01-01 00:00:00 +0000 UTC]',
  'overwrites its own line': 'evil\rgood',
  'turns the text round': 'invoice\u202efdp.exe',
  'isolates and hides': '\u2066hidden\u2069\u200b',
  'uses eight-bit controls': 'c1\u009b31m',
  'ends a line for JavaScript': 'a\u2028b',
  'begins a formula': '=cmd|calc!A1',
  'begins another formula': '@SUM(1)',
  'quotes CSV': 'a","b',
  'has markup': '<img src=x onerror=alert(1)>',
  'escapes like us': '\\x1b[2J',
} as const

describe.skipIf(process.platform !== 'linux')('file names that attack whoever reads the answer', () => {
  let fleet: RealFleet
  const asked: Record<'terminal' | 'json' | 'csv' | 'results' | 'local', MigRun | undefined> = {
    terminal: undefined,
    json: undefined,
    csv: undefined,
    results: undefined,
    local: undefined,
  }

  beforeAll(async () => {
    fleet = await aRealFleet()
    const agent = await fleet.enrolAgent('web1', {})
    const directory = join(agent.root, 'evil')
    mkdirSync(directory)
    for (const name of Object.values(hostileNames))
      writeFileSync(join(directory, name.replaceAll('/', '\u2215')), 'x')
    // Not UTF-8: 0xff and half of a character, between two controls.
    writeFileSync(
      Buffer.concat([Buffer.from(`${directory}/bad-`), Buffer.from([0xff, 0x1b, 0xc3, 0x07])]),
      'x',
    )
    await fleet.startInvestigator()
    await fleet.startAgent(agent)
    await until('it is known', () =>
      fleet.withService(async (service) => (await service.agents()).length === 1),
    )
    const words = ['--summary-bytes', '16384', 'file', '-path', '/evil', '-name', '.']
    asked.terminal = await fleet.mig('-y', ...words)
    asked.json = await fleet.mig('-y', '--json', ...words)
    asked.csv = await fleet.mig('-y', '--csv', ...words)
    const [id = ''] = await fleet.withService(async (service) =>
      (await service.actions()).map((action) => action.id),
    )
    asked.results = await fleet.mig('results', id)
    asked.local = await fleet.mig('-t', 'local', 'file', '-path', directory, '-name', '.')
  }, 90_000)
  afterAll(() => fleet?.stop(), 30_000)

  const files = Object.keys(hostileNames).length + 1

  it.each(['terminal', 'json', 'csv', 'results', 'local'] as const)(
    'send no control, direction mark or broken character to the terminal as %s (T40)',
    (how) => {
      const run = asked[how] as MigRun
      expect(run.code).toBe(0)
      expect(run.stdout).toContain('invoice')
      for (const text of [run.stdout, run.stderr])
        expect(text.match(/[^\P{C}\n\r]|[\u2028\u2029]/gu) ?? []).toEqual([])
      expect(run.bytes.equals(Buffer.from(run.bytes.toString('utf8')))).toBe(true)
      // A bare CR would let one line overwrite itself; CSV ends its records with CR LF.
      expect(run.stdout.replaceAll('\r\n', '\n')).not.toContain('\r')
    },
  )

  it('make no line of their own', () => {
    for (const how of ['terminal', 'results'] as const) {
      const lines = (asked[how] as MigRun).stdout.split('\n').filter((line) => line.includes('/evil/'))
      expect(lines).toHaveLength(files)
      expect(lines.filter((line) => !line.startsWith('web1 /evil/'))).toEqual([])
    }
    expect((asked.terminal as MigRun).stdout).not.toMatch(/^web2/m)
  })

  it('come through as they are in JSON, where they are quoted', () => {
    const text = JSON.stringify(JSON.parse((asked.json as MigRun).stdout))
    for (const name of Object.values(hostileNames))
      expect(text).toContain(JSON.stringify(name.replaceAll('/', '\u2215')).slice(1, -1))
    expect(text).toContain('bad-\\\\xff')
  })

  it('begin no formula and no cell of their own in CSV (T41)', () => {
    const csv = (asked.csv as MigRun).stdout
    const rows = parseCsv(csv)
    expect(new Set(rows.map((row) => row.length)).size).toBe(1)
    expect(rows.filter((row) => row.join().includes('/evil/'))).toHaveLength(files)
    expect(rows.flat().filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([])
  })
})

/** RFC 4180, as a spreadsheet reads it. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  for (let row: string[] = [], at = 0; at < text.length; ) {
    const cell = /"((?:[^"]|"")*)"|([^,\r\n]*)/y
    cell.lastIndex = at
    const [whole = '', quoted, plain = ''] = cell.exec(text) ?? []
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    at += whole.length
    const end = text.startsWith('\r\n', at) ? 2 : text.startsWith(',', at) ? 1 : 0
    if (end === 0) throw new Error(`neither a cell nor a record ends at ${at}: ${text.slice(at, at + 40)}`)
    at += end
    if (end === 2) {
      rows.push(row)
      row = []
    }
  }
  return rows
}
