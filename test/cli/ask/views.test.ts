import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reasonLines } from '../../../cli/views/account.ts'
import { answerCsv, answerLines, isShown } from '../../../cli/views/answers.ts'
import { completionScript } from '../../../cli/views/completion.ts'
import { csvRow } from '../../../cli/views/csv.ts'
import { inertJson } from '../../../cli/views/json.ts'
import { keepAnswers } from '../../../cli/views/keep-answers.ts'
import { groupByElement } from '../../../cli/views/rarest.ts'
import { tableLines } from '../../../cli/views/table.ts'
import { weightsOf } from '../../../cli/views/weights.ts'
import { findModule } from '../../../modules/registry.ts'
import { account } from '../../../node/core/accounting.ts'
import type { PeerId } from '../../../node/core/peer-id.ts'
import type { ResultView } from '../../../node/roles/service.ts'

const risky = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u

function hit(file: string, lastmodified = '2026-11-24 05:00:00 +0000 UTC') {
  const options = {
    maxdepth: 1,
    maxerrors: 30,
    matchall: true,
    macroal: false,
    mismatch: null,
    matchlimit: 10,
  }
  return { file, search: { paths: ['/'], options }, fileinfo: { size: 1, mode: '-rw-r--r--', lastmodified } }
}

function answer(agent: string, files: readonly string[], lastmodified?: string): ResultView {
  return {
    action: 'a'.repeat(52),
    peer: `peer-${agent}`,
    agent,
    outcome: 'done',
    startedat: '2026-11-24T05:00:00Z',
    endedat: '2026-11-24T05:00:01Z',
    modules: ['file'],
    found: [files.length],
    truncated: false,
    results: [
      {
        foundanything: files.length > 0,
        success: true,
        elements: { s1: files.map((file) => hit(file, lastmodified)) },
        statistics: null,
        errors: null,
      },
    ],
  }
}

describe('data for other programs', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })

  it('is JSON of the same value, with nothing in it that moves a cursor', () => {
    fc.assert(
      fc.property(fc.array(text), (values) => {
        const json = inertJson(values)
        expect(json).not.toMatch(risky)
        expect(JSON.parse(json)).toEqual(values)
      }),
    )
  })

  it('is plain ASCII for direction marks, zero-width, tag and private characters', () => {
    const odd = '\u202e\u200b\u00ad\u{e0041}\ue000\u2028\u0085\ud800'
    expect(inertJson(odd)).toMatch(/^[\x20-\x7e]+$/)
    expect(JSON.parse(inertJson(odd))).toBe(odd)
    expect(csvRow([odd])).toMatch(/^[\x20-\x7e]+\r\n$/)
  })

  it('is one CSV record that no spreadsheet takes for a formula', () => {
    fc.assert(
      fc.property(text, fc.constantFrom('', '=', '+', '-', '@', '\t', '\r'), (value, start) => {
        const row = csvRow([start + value, 'x'])
        expect(row.endsWith('\r\n')).toBe(true)
        expect(row.slice(0, -2)).not.toMatch(/[\r\n]/)
        expect(row.slice(0, -2)).not.toMatch(risky)
        expect(row).not.toMatch(/^"?[=+\-@]/)
      }),
    )
    expect(csvRow(['a"b', 'c,d', undefined, 7])).toBe('"a""b","c,d",,7\r\n')
    expect(csvRow(['=1+1'])).toBe('"\'=1+1"\r\n')
  })

  it('keeps a table of hostile cells in its columns', () => {
    const lines = tableLines(
      ['name', 'x'],
      [
        ['a\nb\u202e', '1'],
        ['c'.repeat(100), '2'],
      ],
    )
    expect(lines).toHaveLength(3)
    expect(lines.every((line) => !risky.test(line))).toBe(true)
  })
})

describe('answers', () => {
  it('are printed a finding a line, with the agent in front', () => {
    expect(answerLines(answer('web1', ['/a', '/b']), 'found', findModule)).toEqual([
      expect.stringMatching(/^web1 \/a \[lastmodified/),
      expect.stringMatching(/^web1 \/b \[lastmodified/),
    ])
    expect(answerLines(answer('web2', []), 'found', findModule)).toEqual([])
    expect(answerLines(answer('web2', []), 'all', findModule)).toEqual(['web2 done'])
  })

  it('are chosen by what they found', () => {
    const found = answer('a', ['/x'])
    const nothing = answer('b', [])
    expect([isShown(found, 'found'), isShown(nothing, 'found')]).toEqual([true, false])
    expect([isShown(found, 'notfound'), isShown(nothing, 'notfound')]).toEqual([false, true])
    expect([isShown(found, 'all'), isShown(nothing, 'all')]).toEqual([true, true])
  })

  it('do not break out of CSV by a name', () => {
    const csv = answerCsv(answer('=web1', ['/a","=cmd\r\n']), 'found', findModule)
    expect(csv.split('\r\n')).toHaveLength(2)
    expect(csv).toContain('"\'=web1"')
  })

  it('are shown although a module gives elements of no known shape', () => {
    const odd = {
      ...answer('web1', []),
      results: [{ foundanything: true, success: true, elements: 7, statistics: [], errors: null }],
    }
    expect(() => answerLines(odd, 'all', findModule)).not.toThrow()
    expect(answerLines({ ...odd, modules: ['ghost'] }, 'all', findModule)).toEqual(['web1 done'])
  })

  it('can be cut to one module without mixing up positions', () => {
    const two = { ...answer('web1', ['/a']), modules: ['netstat', 'file'], found: [0, 1] }
    const results = [
      { foundanything: false, success: true, elements: {}, statistics: null, errors: null },
      ...(two.results ?? []),
    ]
    const [kept] = keepAnswers([{ ...two, results }], { module: 'file' })
    expect(kept).toMatchObject({ modules: ['file'], found: [1], results: [{ foundanything: true }] })
    expect(keepAnswers([two], { module: 'pkg' })).toEqual([])
    expect(keepAnswers([two], { agent: 'peer-web1' })).toHaveLength(1)
  })
})

describe('groups of findings', () => {
  it('begin with what only one machine has, whenever each was modified', () => {
    const views = [
      answer('web1', ['/common', '/odd'], '2026-01-01 00:00:00 +0000 UTC'),
      answer('web2', ['/common'], '2026-02-02 00:00:00 +0000 UTC'),
      answer('web3', ['/common']),
    ]
    const groups = groupByElement(views, findModule)
    expect(groups.map(({ agents }) => agents)).toEqual([['web1'], ['web1', 'web2', 'web3']])
    expect(groups[0]?.element).toContain('/odd')
  })
})

describe('the arithmetic', () => {
  const weights = new Map([
    ['alice', 1],
    ['bob', 1],
    ['carol', 2],
  ])
  const acl = new Map([['netstat', { minimumWeight: 2, weights }]])
  const ask = (module: string, signers: string[], able = (_: string) => true) =>
    weightsOf(
      { operations: [{ module }, { module }] },
      acl,
      (name) => name === 'memory',
      new Set(signers),
      able,
    )

  it('says how much is missing and from whom', () => {
    expect(ask('netstat', ['alice'])).toEqual([
      {
        module: 'netstat',
        granted: false,
        words:
          'weight 1 of 2 for module netstat: agents would refuse; still needed: 1 more, from bob (1) or carol (2)',
      },
    ])
    expect(ask('netstat', ['alice', 'bob'])[0]).toMatchObject({ granted: true })
  })

  it('says when nobody is left, and when there is no entry at all', () => {
    expect(ask('netstat', ['alice'], () => false)[0]?.words).toContain('nobody who could sign is left')
    expect(ask('file', ['alice'])[0]?.words).toContain('no ACL entry for module file')
    expect(ask('memory', ['alice'])[0]?.words).toContain('sensitive')
  })

  it('puts one reason on one line, with all names', () => {
    const peers = ['a', 'b', 'c'] as PeerId[]
    const refusal = { kind: 'status', status: 'refused', reason: 'weight 1 of 2' } as const
    const accounting = account(
      peers.map((peer) => ({ peer, name: `web-${peer}` })),
      new Map(peers.slice(0, 2).map((peer) => [peer, refusal])),
      (peer) => peer,
    )
    expect(reasonLines(accounting)).toEqual(['web-a, web-b: refused: weight 1 of 2'])
  })
})

describe('completion', () => {
  const words = {
    commands: [['action', 'draft'], ['action', 'sign'], ['agents']],
    modules: new Map([['file', ['-path', '-name']]]),
    globals: ['--target', '-t'],
  }

  function complete(...typed: readonly string[]): readonly string[] {
    const script = `${completionScript('bash', words)}
      COMP_WORDS=(${['mig', ...typed].map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${typed.length}; _mig; printf '%s\\n' "\${COMPREPLY[@]}"`
    return spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' }).stdout?.trim().split('\n')
  }

  it.skipIf(spawnSync('bash', ['--version']).status !== 0)(
    'knows commands, sub-commands and the flags of a module',
    () => {
      const script = (typed: readonly string[]) => complete(...typed)
      expect(script(['ac'])).toEqual(['action'])
      expect(script(['action', ''])).toEqual(['draft', 'sign'])
      expect(script(['file', '-'])).toEqual(['-path', '-name', '--target', '-t'])
      expect(script(['-t', 'x', 'file', '-pa'])).toEqual(['-path'])
    },
  )

  it('writes the two other shells', () => {
    expect(completionScript('zsh', words)).toContain('bashcompinit')
    expect(completionScript('fish', words)).toContain('-n "__fish_seen_subcommand_from action" -a sign')
  })
})
