import { describe, expect, test } from 'vitest'
import {
  type Acl,
  aclSchema,
  describeWeighing,
  type PersonName,
  readAcl,
  weigh,
} from '../../node/core/acl.ts'
import { MigError } from '../../node/core/error.ts'
import { type Fingerprint, parseFingerprint } from '../../node/core/fingerprint.ts'

const A = 'A'.repeat(40)
const B = `BBBBBBBB${'A'.repeat(32)}`
const C = `CCCCCCCC${'A'.repeat(32)}`
const D = `DDDDDDDD${'A'.repeat(32)}`
const modules = new Set(['file', 'netstat', 'memory', 'somemodule'])

type Entry = {
  minimumweight?: unknown
  investigators: Record<string, { fingerprint: string; weight: unknown }>
}
/** `one(1, { test: [A, 1] })` is an entry of minimum weight 1. */
const one = (minimumweight: unknown, people: Record<string, readonly [string, unknown]>): Entry => ({
  minimumweight,
  investigators: Object.fromEntries(
    Object.entries(people).map(([name, [fingerprint, weight]]) => [name, { fingerprint, weight }]),
  ),
})

/** Everybody that the ACL names is in the policy, under the first name their key appears with. */
function peopleOf(document: unknown): Map<Fingerprint, PersonName> {
  const people = new Map<Fingerprint, PersonName>()
  for (const entry of Object.values((document ?? {}) as Record<string, Entry>)) {
    for (const [name, { fingerprint }] of Object.entries(entry.investigators ?? {})) {
      const parsed = parseFingerprint(fingerprint ?? '')
      if (parsed !== undefined && !people.has(parsed)) people.set(parsed, name)
    }
  }
  return people
}

function open(document: unknown): Acl {
  const parsed = aclSchema.safeParse(document)
  if (!parsed.success) throw new MigError('bad-acl', parsed.error.message)
  return readAcl(parsed.data, peopleOf(document), modules)
}

/** What becomes of an action for `module` under this ACL, signed with these keys. */
function verdict(document: unknown, module: string, signers: readonly string[], sensitive = false): string {
  let acl: Acl
  try {
    acl = open(document)
  } catch (error) {
    return error instanceof MigError ? error.code : String(error)
  }
  const people = peopleOf(document)
  const persons = new Set(signers.flatMap((signer) => people.get(signer.toUpperCase() as Fingerprint) ?? []))
  return weigh(acl, module, sensitive, persons).kind
}

describe('cases G of reference/mig-cases.md', () => {
  test.each<[string, string, unknown, string, string[]]>([
    ['AC01 valid', 'granted', { file: one(1, { test: [A, 1] }) }, 'file', [A]],
    ['AC02 valid by default', 'granted', { default: one(1, { test: [A, 1] }) }, 'file', [A]],
    [
      'AC03 one of several',
      'granted',
      { default: one(1, { test: [A, 1], test2: [B, 1], test3: [C, 1] }) },
      'file',
      [A],
    ],
    [
      'AC04 two signers',
      'granted',
      { default: one(2, { test: [A, 1], test2: [B, 1], test3: [C, 1] }) },
      'file',
      [A, B],
    ],
    [
      'AC05 two signers, one of them known',
      'refused',
      { default: one(2, { test: [A, 1], test2: [B, 1], test3: [C, 1] }) },
      'file',
      [A, D],
    ],
    ['AC06 the signer is not listed', 'refused', { file: one(1, { test: [B, 1] }) }, 'file', [A]],
    ['AC07 no entry and no default', 'no-entry', { somemodule: one(1, { test: [A, 1] }) }, 'file', [A]],
    ['AC10 fingerprint in lower case', 'granted', { file: one(1, { a: [A.toLowerCase(), 1] }) }, 'file', [A]],
    ['AC14 an unlisted signer twice', 'granted', { file: one(1, { a: [A, 1] }) }, 'file', [A, B, B]],
    ['AC16 minimum weight 0', 'bad-acl', { file: one(0, { a: [A, 1] }) }, 'file', [A]],
    [
      'AC17 minimum weight missing',
      'bad-acl',
      { file: { investigators: { a: { fingerprint: A, weight: 1 } } } },
      'file',
      [A],
    ],
    ['AC18 minimum weight negative in default', 'bad-acl', { default: one(-1, { a: [A, 1] }) }, 'file', [A]],
    [
      "AC19 the module's entry beats a weaker default",
      'refused',
      { default: one(1, { a: [A, 1], b: [B, 1] }), file: one(2, { a: [A, 1], b: [B, 1] }) },
      'file',
      [A],
    ],
    [
      'AC20 another module uses default',
      'granted',
      { default: one(1, { a: [A, 1], b: [B, 1] }), file: one(2, { a: [A, 1], b: [B, 1] }) },
      'netstat',
      [A],
    ],
    ['AC24 one heavy key', 'granted', { file: one(5, { a: [A, 5] }) }, 'file', [A]],
    ['AC30 weight as a string', 'bad-acl', { file: one(1, { a: [A, '1'] }) }, 'file', [A]],
    ['AC34 empty', 'no-entry', {}, 'file', [A]],
    [
      'AC37 an unlisted signer beside a listed one',
      'granted',
      { file: one(1, { a: [A, 1] }) },
      'file',
      [B, A],
    ],
  ])('%s: %s, as in MIG', (_, expected, acl, module, signers) => {
    expect(verdict(acl, module, signers)).toBe(expected)
  })

  test.each<[string, string, unknown, string[]]>([
    [
      'AC12 one key under two names: MIG counts it twice',
      'bad-acl',
      { file: one(2, { a: [A, 1], a2: [A, 1] }) },
      [A],
    ],
    [
      'AC15 one key in two spellings: MIG counts it twice',
      'refused',
      { file: one(2, { a: [A, 1], b: [B, 1] }) },
      [A, A.toLowerCase()],
    ],
    [
      'AC19 a minimum that nobody can reach: MIG refuses every action',
      'bad-acl',
      { file: one(2, { a: [A, 1] }) },
      [A],
    ],
    ['AC23 weight 0: MIG lists a person in vain', 'bad-acl', { file: one(1, { a: [A, 0], b: [B, 1] }) }, [A]],
    [
      'AC27 keys in any case: MIG reads them',
      'bad-acl',
      { file: { MinimumWeight: 1, INVESTIGATORS: { a: { FingerPrint: A, Weight: 1 } } } },
      [A],
    ],
    [
      'AC28 a module in capitals: MIG has an entry that is never used',
      'bad-acl',
      { File: one(1, { a: [A, 1] }) },
      [A],
    ],
    ['AC35 null: MIG takes it for empty', 'bad-acl', null, [A]],
  ])('%s; here %s', (_, expected, acl, signers) => {
    expect(verdict(acl, 'file', signers)).toBe(expected)
  })
})

describe('reading', () => {
  test.each([1, 1000])('takes weight %d', (weight) => {
    expect(
      open({ file: one(1, { a: [A, weight] }) })
        .get('file')
        ?.weights.get('a'),
    ).toBe(weight)
  })
  test.each([0, -1, 1.5, '1', Number.NaN, 1e308, 1001, null, undefined, true])(
    'V55 V56 refuses weight and minimum %j',
    (value) => {
      expect(verdict({ file: one(1, { a: [A, value], b: [B, 1] }) }, 'file', [A])).toBe('bad-acl')
      expect(verdict({ file: one(value, { a: [A, 1000], b: [B, 1000] }) }, 'file', [A])).toBe('bad-acl')
    },
  )
  test.each([A.slice(0, 16), A.slice(0, 39), `${A}A`, `0x${A}`, `${A} `, '', 'not a key'])(
    'V51 refuses the fingerprint %j',
    (fingerprint) => {
      expect(verdict({ file: one(1, { a: [fingerprint, 1] }) }, 'file', [A])).toBe('bad-acl')
    },
  )
  test("refuses a key that nobody has, or that is another's", () => {
    const people = new Map([[A as Fingerprint, 'alice']])
    const read = (name: string, fingerprint: string) => () =>
      readAcl(aclSchema.parse({ file: one(1, { [name]: [fingerprint, 1] }) }), people, modules)
    expect(read('alice', A)).not.toThrow()
    expect(read('alice', B)).toThrow(`${B} is not a key of anybody in this policy`)
    expect(read('mallory', A)).toThrow(`${A} is the key of 'alice'`)
  })
  test('refuses an unknown field and an unknown module, and says which modules there are', () => {
    expect(verdict({ file: { ...one(1, { a: [A, 1] }), extra: 1 } }, 'file', [A])).toBe('bad-acl')
    expect(() => open({ fiel: one(1, { a: [A, 1] }) })).toThrow("ACL entry 'fiel': no such module")
  })
})

describe('weighing', () => {
  const acl = open({ file: one(2, { a: [A, 1], b: [B, 1] }), default: one(1, { a: [A, 1] }) })
  test('V21 a sensitive module is never granted by default', () => {
    expect(weigh(acl, 'memory', true, new Set(['a']))).toEqual({ kind: 'no-entry', sensitive: true })
    expect(weigh(acl, 'memory', false, new Set(['a']))).toEqual({ kind: 'granted', weight: 1, needed: 1 })
  })
  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'V20 a module called %s has no entry',
    (module) => {
      expect(weigh(open({ file: one(1, { a: [A, 1] }) }), module, false, new Set(['a']))).toEqual({
        kind: 'no-entry',
        sensitive: false,
      })
    },
  )
  test.each(['constructor', 'toString', '__proto__'])('a person called %s weighs nothing', (person) => {
    expect(weigh(acl, 'file', false, new Set([person]))).toEqual({ kind: 'refused', weight: 0, needed: 2 })
  })
  test('a module cannot be called default', () => {
    expect(weigh(acl, 'default', false, new Set())).toMatchObject({ kind: 'refused' })
    expect(weigh(open({}), 'default', false, new Set(['a']))).toMatchObject({ kind: 'no-entry' })
  })
  test('V57 the sum that is asked for, and one less', () => {
    expect(weigh(acl, 'file', false, new Set(['a'])).kind).toBe('refused')
    expect(weigh(acl, 'file', false, new Set(['a', 'b'])).kind).toBe('granted')
  })
  test('the arithmetic in words', () => {
    const words = (module: string, sensitive: boolean, ...persons: string[]) =>
      describeWeighing(module, weigh(acl, module, sensitive, new Set(persons)))
    expect(words('file', false, 'a')).toBe('weight 1 of 2 for module file')
    expect(words('memory', true, 'a')).toBe('module memory is sensitive and has no ACL entry of its own')
    expect(describeWeighing('file', { kind: 'no-entry', sensitive: false })).toBe(
      'no ACL entry for module file, and no default',
    )
  })
})
