import { describe, expect, test } from 'vitest'
import { type AgentFacts, parseAgentRow } from '../../node/core/agent-facts.ts'
import type { Instant } from '../../node/core/clock.ts'
import { evaluateTarget, matchesAgent, parseTarget, selectAgents } from '../../node/core/target.ts'
import { addInterval, parseInterval } from '../../node/core/target-time.ts'
import { migAgents, migCases, now } from './target-cases.ts'

const roster = migAgents()
/** Cases whose sub-queries ask for earlier results: an agent cannot know those. */
const subQueries = new Set(['TG36', 'TG37'])

describe('MIG cases, section I, as PostgreSQL answered them', () => {
  for (const { id, target, ids } of migCases) {
    if (subQueries.has(id)) {
      test(`${id} refuses the sub-query: ${target}`, async () => {
        await expect(parseTarget(target)).rejects.toMatchObject({ code: 'bad-target', position: 3 })
        await expect(parseTarget(target)).rejects.toThrow(
          /^sub-queries are resolved by the investigator's node/,
        )
      })
    } else if (typeof ids === 'string') {
      test(`${id} refuses ${target}`, async () => {
        await expect(parseTarget(target)).rejects.toMatchObject({ code: 'bad-target' })
      })
    } else {
      test(`${id} finds [${ids}] with ${target}`, async () => {
        const found = selectAgents(await parseTarget(target), roster, now)
        expect(found.map((agent) => Number(agent.id)).sort((a, b) => a - b)).toEqual(ids)
      })
    }
  }
})

describe('every target form of MIG 4.3', () => {
  const forms: readonly (readonly [number, ...string[]])[] = [
    [1, "status='online'"],
    [2, "status='online' OR status='idle'"],
    [3, "name='somehost.example.net'"],
    [4, "name like '%mysql%'", "name LIKE '%scl3%'", "name LIKE '%phx1%'", "name like 'mig-api%'"],
    [5, "name like '%'"],
    [6, "queueloc like 'linux.%'", "queueloc LIKE 'linux.%'"],
    [7, "agents.queueloc like 'linux.%'"],
    [8, "queueloc='linux.aaa'"],
    [9, "environment->>'os'='linux'"],
    [10, "agents.environment->>'os' = 'windows'"],
    [11, "environment->>'os' IN ('linux','darwin')"],
    [12, "environment->>'os' IN ('linux','darwin') AND mode='daemon'"],
    [13, "environment->>'ident' ilike 'ubuntu 12.04%'", "environment->>'ident' ilike 'amazon%'"],
    [14, "environment->>'ident' ilike 'red%6.%' or environment->>'ident' ilike 'centos%6.%'"],
    [15, "queueloc LIKE 'linux.%' AND environment->>'ident' ILIKE '%ubuntu%'"],
    [16, "environment->>'ident' LIKE 'Ubuntu%' AND environment->>'arch'='386'"],
    [17, "environment->>'ident' LIKE 'Red%'"],
    [18, "environment->>'os'='darwin' AND name LIKE '%\\.scl3\\.%'"],
    [19, "environment->>'os'='linux' AND name LIKE '%buildbot%'"],
    [20, "queueloc LIKE 'linux.%' AND environment->>'isproxied' = 'true'"],
    [21, "tags->>'operator'='opsec'", "tags->>'operator'='IT'"],
    [22, "tags#>>'{operator}'='IT'", "tags#>>'{operator}'='myorg'"],
    [
      23,
      "tags->>'operator'='opsec' AND environment->>'os'='linux' AND mode='daemon' AND status='online' AND name like 'mig-api%'",
    ],
    [24, "starttime < NOW() - INTERVAL '30 days'"],
    [
      25,
      "mode='checkin' AND environment->>'os'='linux' AND status='idle' AND starttime > NOW() - INTERVAL '1 hour'",
    ],
    [26, "version='x' and heartbeattime > NOW() - interval '1 minute'"],
    [29, "tags#>>'{operator}'='IT'"],
  ]
  for (const [form, ...targets] of forms) {
    test(`reads form ${form}`, async () => {
      for (const target of targets) expect((await parseTarget(target)).text).toBe(target)
    })
  }
  test.each(['true', 'false'])(
    'refuses forms 27 and 28, which ask for results that were %s',
    async (found) => {
      const target = `id IN (select agentid from commands, json_array_elements(commands.results) as r where actionid=1 and r#>>'{foundanything}' = '${found}')`
      await expect(parseTarget(target)).rejects.toMatchObject({ code: 'bad-target', position: 3 })
    },
  )
  test("refuses the loaders' column of form 29, which is no column of agents", async () => {
    await expect(parseTarget("env#>>'{os}'='linux'")).rejects.toMatchObject({
      code: 'bad-target',
      position: 0,
    })
  })
})

const web1 = roster[0] as AgentFacts

describe('an expression has the value that PostgreSQL gives it', () => {
  test.each<[string, boolean | null]>([
    // Precedence.
    ["NOT name = 'web1.scl3.example.net' OR pid = 101", true],
    ['NOT true AND false', false],
    ['NOT (true AND false)', true],
    ['true OR true AND false', true],
    ["environment->>'os' LIKE 'lin%' = true", true],
    ['NOT pid IS NULL', true],
    ['pid - 1 = 100 AND pid + 1 = 102', true],
    ['- pid = -101', true],
    // NULL.
    ["tags->>'none' = 'x'", null],
    ["tags->>'none' <> 'x'", null],
    ["NOT tags->>'none' = 'x'", null],
    ['pid IN (1, NULL)', null],
    ['pid IN (101, NULL)', true],
    ['pid NOT IN (1, NULL)', null],
    ['pid NOT IN (101, NULL)', false],
    ['pid = NULL', null],
    ['pid BETWEEN 102 AND NULL', false],
    ['pid BETWEEN 100 AND NULL', null],
    ['pid NOT BETWEEN 102 AND NULL', true],
    ['name LIKE NULL', null],
    ["tags->>'none' IS DISTINCT FROM 'x'", true],
    ["tags->>'none' IS NOT DISTINCT FROM NULL", true],
    ["(tags->>'none' = 'x') IS UNKNOWN", true],
    ["(tags->>'none' = 'x') IS NOT TRUE", true],
    ["(tags->>'none' = 'x') IS NOT FALSE", true],
    ['(pid = 101) IS TRUE', true],
    ["coalesce(tags->>'none', tags->>'operator', 'x') = 'IT'", true],
    ['NULL', null],
    // Types.
    ["pid = '101'", true],
    ['pid = 101.0', true],
    ['pid BETWEEN 101 AND 101', true],
    ['id = 1', true],
    ["id = '1'", true],
    ['id IN (5, 1)', true],
    ['id <> 2', true],
    ["pid::text = '101'", true],
    ["(tags->>'operator')::integer = 1", null],
    ["(environment->>'isproxied')::boolean = false", true],
    ["NOT (environment->>'isproxied')::boolean", true],
    ['pid::boolean', true],
    ['1.5::integer = 2', true],
    ["CAST(environment->>'none' AS integer) IS NULL", true],
    ["'yes'", true],
    ["upper(name) = 'WEB1.SCL3.EXAMPLE.NET' AND lower('ABC') = 'abc'", true],
    ["length('é😀') = 2", true],
    // JSON.
    ["environment->'modules'->>0 = 'file'", true],
    ["environment->'modules'->>-1 = 'pkg'", true],
    ["environment->'modules'->>2 IS NULL", true],
    ["environment->'modules'->>'0' IS NULL", true],
    ["environment#>>'{modules,1}' = 'pkg'", true],
    ["environment#>>ARRAY['modules','1'] = 'pkg'", true],
    ["environment#>'{modules}'->>0 = 'file'", true],
    ["environment#>>'{\"modules\", 0}' = 'file'", true],
    ["environment#>>'{}' LIKE '{%}'", true],
    ["environment#>>'{modules,NULL}' IS NULL", true],
    ["environment->>'constructor' IS NULL AND environment->>'__proto__' IS NULL", true],
    ["environment->'os'->'x' IS NULL", true],
    ['(environment->\'modules\')::text = \'["file","pkg"]\'', true],
    // Time.
    ["starttime = NOW() - INTERVAL '40 days'", true],
    ["NOW() - starttime = INTERVAL '40 days'", true],
    ["NOW() - starttime > INTERVAL '1 month 9 days 23:59:59'", true],
    ["starttime + '40 days' = CURRENT_TIMESTAMP", true],
    ["starttime < '2026-11-24' AND starttime >= '2026-10-15 05:00:00+00'", true],
    ["starttime = '2026-10-15T07:00:00+02:00'", true],
    ["starttime::text = '2026-10-15 05:00:00+00'", true],
    ['(starttime::text)::timestamptz = starttime', true],
    ["TIMESTAMP WITH TIME ZONE '2026-10-15 05:00:00Z' = starttime", true],
    ['refreshtime = heartbeattime AND destructiontime > NOW()', true],
    ["NOW() + INTERVAL '900000 years' > NOW()", null],
    // Patterns.
    ["name ~ '^web[0-9]' AND name ~* 'SCL3' AND name !~ 'SCL3' AND name !~* 'phx'", true],
    ["name ~~ 'web%' AND name !~~ 'mac%'", true],
    ["name ~ E'^web\\\\d\\\\.'", true],
    ["'Z' < 'a'", true],
    ["E'\\uFFFD' < U&'\\+01F600'", true],
    ['name = $$web1.scl3.example.net$$ -- a comment', true],
  ])('%s is %s', async (text, value) => {
    expect(evaluateTarget(await parseTarget(text), web1, now)).toBe(value)
  })

  test.each<[string, string]>([
    ['1 month', '2026-02-28T00:00:00.000Z'],
    ['1 year 1 day', '2027-02-01T00:00:00.000Z'],
    ['-1 month', '2025-12-31T00:00:00.000Z'],
    ['1.5 days', '2026-02-01T12:00:00.000Z'],
    ['90', '2026-01-31T00:01:30.000Z'],
    ['1 day 01:30', '2026-02-01T01:30:00.000Z'],
    ['2 hours ago', '2026-01-30T22:00:00.000Z'],
  ])('31 January and %s make %s', (text, sum) => {
    const interval = parseInterval(text)
    expect(interval).toBeDefined()
    const ms = interval && addInterval(Date.UTC(2026, 0, 31), interval)
    expect(new Date(ms ?? Number.NaN).toISOString()).toBe(sum)
  })
})

describe('liveness', () => {
  test('an agent is targeted as online or as idle, whatever it thinks of itself', async () => {
    const offline = { ...web1, status: 'offline' }
    expect(matchesAgent(await parseTarget("status='online'"), offline, now)).toBe(true)
    expect(matchesAgent(await parseTarget("status='idle'"), offline, now)).toBe(true)
    expect(matchesAgent(await parseTarget("status='offline'"), offline, now)).toBe(false)
    expect(matchesAgent(await parseTarget("status='online' AND status='idle'"), offline, now)).toBe(false)
    expect(matchesAgent(await parseTarget("tags->>'none' = 'x'"), offline, now)).toBe(false)
  })

  test('a roster search sees the latest heartbeat of a queue only, then asks the target', async () => {
    const older = { ...web1, id: 'older', heartbeattime: (now - 600_000) as Instant, mode: 'checkin' }
    const all = await parseTarget('true')
    expect(selectAgents(all, [older, web1], now)).toEqual([web1])
    expect(selectAgents(all, [web1, older], now)).toEqual([web1])
    expect(selectAgents(await parseTarget("mode='checkin'"), [web1, older], now)).toEqual([])
  })

  test('an offline row hides no other row of its queue', async () => {
    const offline = { ...web1, heartbeattime: now, status: 'offline' }
    expect(selectAgents(await parseTarget('true'), [offline, web1], now)).toEqual([web1])
  })
})

describe('an exported roster row', () => {
  const row = { id: 7, name: 'n', queueloc: 'linux.x', mode: 'daemon', version: 'v', pid: 1, status: 'idle' }
  const times = { starttime: '2026-11-24T05:00:00Z', heartbeattime: '2026-11-24 05:00:00.5+00' }

  test('has its id as text and its times as instants', () => {
    const facts = parseAgentRow({ ...row, ...times, environment: {}, loadername: 'dropped' })
    expect(facts).toEqual({
      ...row,
      id: '7',
      starttime: now,
      heartbeattime: now + 500,
      environment: {},
      tags: null,
    })
  })

  test.each([
    [{ ...row, ...times }],
    [{ ...row, ...times, environment: [] }],
    [{ ...row, ...times, environment: {}, tags: { a: 1 } }],
    [{ ...row, ...times, environment: {}, starttime: 'yesterday' }],
    [{ ...row, ...times, environment: {}, starttime: '2026-02-30' }],
    [{ ...row, ...times, environment: {}, name: 'x'.repeat(2049) }],
    [{ ...row, ...times, environment: JSON.parse(`{"a":${'['.repeat(50)}${']'.repeat(50)}}`) }],
    [null],
  ])('is refused when a column does not fit', (bad) => {
    expect(() => parseAgentRow(bad)).toThrowError(expect.objectContaining({ code: 'bad-input' }))
  })
})
