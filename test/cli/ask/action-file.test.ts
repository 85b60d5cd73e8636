import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  actionFileFromWire,
  actionFileOf,
  formatActionFile,
  parseActionFile,
  wireOf,
} from '../../../cli/ask/action-file.ts'
import type { DraftFile } from '../../../cli/ask/draft-file.ts'
import { canonicalBytes, type Json } from '../../../node/core/canonical-json.ts'
import { MigError } from '../../../node/core/error.ts'
import { parseTarget } from '../../../node/core/target.ts'

const body = {
  syntaxversion: 3,
  fleet: `${'a'.repeat(51)}q`,
  nonce: 'A'.repeat(22),
  name: 'cron passwords',
  target: "name='x'",
  issuedat: '2026-11-24T05:00:00Z',
  validfrom: '2026-11-24T05:00:00Z',
  expireafter: '2026-11-24T06:00:00Z',
  operations: [{ module: 'file', parameters: { searches: { s1: { paths: ['/etc'], options: null } } } }],
  origin: '12D3KooWEYwNkCHGtgjV2PjsxqJar98ktQh5XCBuWsJGatRfdTN9',
  replyto: { x25519: 'A'.repeat(43), readers: ['A'.repeat(40)] },
  resultttl: 604_800,
  policymin: { version: 1, hash: `${'b'.repeat(51)}q` },
  stoppers: [],
}

function draft(text: string): DraftFile {
  const loaded = parseActionFile(text, 'file.json')
  if (loaded.kind !== 'draft') throw new Error('no draft')
  return loaded.draft
}

function refusal(value: unknown): MigError {
  try {
    parseActionFile(typeof value === 'string' ? value : JSON.stringify(value), 'file.json')
  } catch (error) {
    if (error instanceof MigError) return error
    throw error
  }
  throw new Error('accepted')
}

describe('an action file', () => {
  const file = actionFileOf(canonicalBytes(body), [Uint8Array.of(1, 2)], [Uint8Array.of(3)])

  it('keeps id, signatures and reply keys when it is written and read again', () => {
    const again = parseActionFile(formatActionFile(file), 'file.json')
    expect(again).toEqual({ kind: 'action', file })
  })

  it('keeps its id whatever order and blanks an editor leaves', () => {
    const shuffled = JSON.stringify(Object.fromEntries(Object.entries(body).reverse()))
    expect(parseActionFile(shuffled, 'f')).toMatchObject({ file: { id: file.id, signatures: [] } })
  })

  it('is another action when one letter differs', () => {
    const other = parseActionFile(formatActionFile(file).replace('cron', 'Cron'), 'f')
    expect(other.kind === 'action' && other.file.id !== file.id).toBe(true)
  })

  it('survives the form that nodes exchange', () => {
    expect(actionFileFromWire(wireOf(file))).toEqual({ ...file, replyKeys: [] })
  })

  it.each([
    [{ ...body, extra: 1 }, 'bad-action', 'extra'],
    [{ ...body, name: 'a\u202eb' }, 'bad-action', 'name'],
    [{ ...body, operations: [] }, 'bad-action', 'operations'],
    [{ ...body, pgpsignatures: 'AAAA' }, 'bad-action', 'pgpsignatures'],
    [{ ...body, pgpsignatures: ['*'] }, 'bad-action', 'pgpsignatures[0]'],
    [{ ...body, pgpsignatures: Array.from({ length: 9 }, () => 'AAAA') }, 'bad-action', 'pgpsignatures'],
    [{ ...body, replykeys: [1] }, 'bad-action', 'replykeys[0]'],
    [{ ...body, resultttl: 1.5 }, 'bad-action', 'resultttl'],
    [{ ...body, syntaxversion: 4 }, 'bad-action', 'syntaxversion'],
    ['[]', 'bad-action', 'object'],
    ['{"name": "a"', 'bad-json', 'line 1'],
  ])('is refused, naming the place: %#', (value, code, place) => {
    const error = refusal(value)
    expect(error.code).toBe(code)
    expect(error.message).toContain('file.json')
    expect(error.message).toContain(place)
  })
})

describe('a draft', () => {
  const v2 = {
    name: 'n',
    target: "status='online'",
    operations: [{ module: 'netstat', parameters: { listeningport: ['22'] } }] as Json[],
    syntaxversion: 2,
  }

  it("loads the deck's action: label under parameters, sha256, contents, and the slide's addresses", async () => {
    const deck = draft(readFileSync('docs/actions/shellshock-iocs-deck.json', 'utf8'))
    expect(deck.target).toBe("environment->>'os' IN ('linux','darwin') AND mode='daemon'")
    await parseTarget(deck.target)
    expect(deck.operations[0]?.parameters).toMatchObject({
      searches: { iocs: { sha2: [expect.any(String), expect.any(String)] } },
    })
    expect(deck.operations[1]?.parameters).toEqual({
      connectedip: ['23.235.43.27', '128.199.216.68', '75.127.84.182', '82.118.242.223'],
    })
    expect(deck.changes.join('\n')).toContain('older form')
  })

  it.each(readdirSync('docs/actions').filter((name) => name.endsWith('.json')))(
    'loads the sample %s',
    async (name) => {
      const sample = draft(readFileSync(join('docs/actions', name), 'utf8'))
      await parseTarget(sample.target)
      expect(sample.operations.length).toBeGreaterThan(0)
    },
  )

  it('drops what a server added, and old signatures, and says so', () => {
    const served = {
      id: 4886304327951,
      status: 'completed',
      counters: { sent: 1 },
      pgpsignatures: ['wsB'],
      ...v2,
    }
    const read = draft(JSON.stringify({ ...served, validfrom: '2015-01-01T00:00:00Z' }))
    expect(Object.keys(read).sort()).toEqual([
      'changes',
      'description',
      'name',
      'operations',
      'target',
      'threat',
    ])
    expect(read.changes.join('\n')).toMatch(/signatures never authorise/)
    expect(read.changes.join('\n')).toMatch(/window/)
  })

  it('reads names in any case, as MIG does', () => {
    expect(
      draft(
        '{"Name":"n","TARGET":"true","Operations":[{"module":"netstat","parameters":{"listeningport":["1"]}}]}',
      ).name,
    ).toBe('n')
  })

  it('opens compressed parameters, and refuses a bomb', () => {
    const packed = (text: string) => gzipSync(text).toString('base64')
    const operation = (parameters: string) => ({
      ...v2,
      operations: [{ module: 'netstat', parameters, is_compressed: true }],
    })
    expect(
      draft(JSON.stringify(operation(packed('{"listeningport":["22"]}')))).operations[0]?.parameters,
    ).toEqual({ listeningport: ['22'] })
    expect(refusal(operation(packed(`{"listeningport":["${'9'.repeat(4_000_000)}"]}`))).code).toBe(
      'bad-action',
    )
  })

  it.each([
    [{ ...v2, operations: [{ module: 'connected', parameters: {} }] }, 'unknown-module', "'netstat'"],
    [{ ...v2, operations: [{ module: 'fil', parameters: {} }] }, 'unknown-module', "'file'"],
    [
      { ...v2, operations: [{ module: 'file', parameters: { searches: { s: { path: ['etc'] } } } }] },
      'bad-parameters',
      '',
    ],
    [
      {
        ...v2,
        operations: [{ module: 'file', parameters: { searches: { s: { paths: ['/'], nmaes: ['x'] } } } }],
      },
      'bad-parameters',
      'mig file help',
    ],
    [{ ...v2, operations: 7 }, 'bad-action', ''],
    [{ ...v2, name: '' }, 'bad-action', ''],
    [{ ...v2, target: undefined }, 'bad-action', ''],
  ])('is refused: %#', (value, code, hint) => {
    const error = refusal(value)
    expect(error.code).toBe(code)
    expect(error.hint ?? '').toContain(hint)
  })
})
