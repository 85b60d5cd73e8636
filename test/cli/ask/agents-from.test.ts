import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAgentSearch, readRosterFile } from '../../../cli/ask/agent-rows.ts'
import { agentCsv, agentJson } from '../../../cli/views/agents.ts'
import type { AgentFacts } from '../../../node/core/agent-facts.ts'
import { codeOf } from '../../../node/core/error.ts'
import { parseTarget, selectAgents } from '../../../node/core/target.ts'
import { migAgents, migCases, now } from '../../core/target-cases.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'
import { runMig } from '../run-mig.ts'

/** MIG's rows, moved to the present. */
function exported(): object[] {
  const ago = Date.now() - now
  const moved = (time: string) => new Date(Date.parse(time) + ago).toISOString()
  return migAgents().map((row) => {
    const json = agentJson(row)
    return {
      ...json,
      id: Number(json.id),
      starttime: moved(String(json.starttime)),
      heartbeattime: moved(String(json.heartbeattime)),
    }
  })
}

function rosterFile(rows: unknown): string {
  const path = join(temporaryDirectory(), 'roster.json')
  writeFileSync(path, JSON.stringify(rows))
  return path
}

describe('mig agents --from', () => {
  it('selects as MIG did, for every target of the cases', async () => {
    const rows = await readRosterFile(rosterFile(exported()))
    for (const { id, target, ids } of migCases) {
      // Sub-queries are the node's to resolve: --target-found.
      if (typeof ids === 'string' || /select/i.test(target)) continue
      const selected = selectAgents(await parseTarget(target), rows, Date.now() as AgentFacts['starttime'])
      expect([id, selected.map((row) => Number(row.id)).sort()]).toEqual([id, [...ids].sort()])
    }
  })

  it('needs no mesh, and reads {agents, commands} too', async () => {
    const home = temporaryDirectory()
    const from = rosterFile({ agents: exported(), commands: [] })
    const run = await runMig(['agents', '--from', from, '-t', "tags->>'operator'='IT'", '--jsonl'], { home })
    expect(run.code).toBe(0)
    expect(
      run.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual(['1', '5'])
    expect(run.stderr).toContain('2 of 8 agents would be targeted')
    const table = await runMig(['agents', '--from', from], { home })
    expect(table.stdout).toMatch(/^name +status +mode +os +arch +version +last seen +tags\n/)
    expect(table.stdout).toContain('operator=IT env=prod')
  })

  it('knows the words of the configuration', async () => {
    const home = temporaryDirectory()
    writeFileSync(join(home, 'mig.toml'), `[targets]\nmacs = "environment->>'os'='darwin'"\n`)
    const run = await runMig(['agents', '--from', rosterFile(exported()), '-t', 'macs', '--jsonl'], { home })
    expect(
      run.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).name),
    ).toEqual(['mac3.scl3.example.net'])
  })

  it('names the row and the column that it cannot read, and the place in a bad target', async () => {
    await expect(readRosterFile(rosterFile([...exported(), { id: 'x' }]))).rejects.toThrow(/row 8: .*name/)
    await expect(readRosterFile(rosterFile({}))).rejects.toThrow('array')
    const run = await runMig(['agents', '--from', rosterFile([]), '-t', 'nme=1'], {
      home: temporaryDirectory(),
    })
    expect([run.code, run.stderr]).toEqual([1, expect.stringContaining('at character 1')])
  })

  it('writes what it can read again', async () => {
    const rows = migAgents()
    expect(await readRosterFile(rosterFile(rows.map(agentJson)))).toEqual(rows)
    expect(agentCsv(rows).split('\r\n')[0]).toBe(
      'name,id,status,version,mode,os,arch,pid,starttime,heartbeattime,tags,environment',
    )
  })
})

describe("MIG's agent search", () => {
  const names = (terms: string) => {
    const { matches, limit } = parseAgentSearch(terms)
    return migAgents()
      .filter(matches)
      .slice(0, limit)
      .map((row) => Number(row.id))
  }

  it.each([
    ['name=web1.scl3.example.net', [1, 7]],
    ['agentname=*scl3* and status=online', [1, 3]],
    ['name=%', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['name=mig*2*net', [2]],
    ['agentversion=20180101%', [3, 4, 5, 6, 7]],
    ['agentid=4', [4]],
    ['status=idle AND limit=1', [4]],
    ['before=2026-11-23T00:00:00Z', [6]],
    ['after=2026-11-24T04:59:00Z', [1, 2, 8]],
  ])('%s', (terms, ids) => {
    expect(names(terms)).toEqual(ids)
  })

  it.each(['', 'name', 'name=a b', 'nme=x', 'limit=0', 'before=yesterday'])('refuses %j', (terms) => {
    let code: string | undefined
    try {
      parseAgentSearch(terms)
    } catch (error) {
      code = codeOf(error)
    }
    expect(code).toBe('usage')
  })

  it('takes a pattern of many wildcards in no time', () => {
    const { matches } = parseAgentSearch(`name=${'*a'.repeat(500)}b`)
    const [row] = migAgents()
    const startMs = performance.now()
    expect(matches({ ...(row as AgentFacts), name: 'a'.repeat(2048) })).toBe(false)
    expect(performance.now() - startMs).toBeLessThan(1000)
  })
})
