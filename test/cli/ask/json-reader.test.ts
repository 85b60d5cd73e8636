import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readJson } from '../../../cli/ask/json-reader.ts'
import { MigError } from '../../../node/core/error.ts'

function refusal(text: string): MigError {
  try {
    readJson(text)
  } catch (error) {
    if (error instanceof MigError) return error
    throw error
  }
  throw new Error('accepted')
}

describe('JSON that a person edited', () => {
  it('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        fc.pre(!/__proto__|constructor|prototype/.test(text))
        expect(readJson(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('accepts and refuses as JSON.parse does, but for names that stand twice', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '1',
      '-0.5e3',
      'true',
      'nul',
      '"\\x"',
      ' ',
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
        (text) => {
          let parsed: unknown
          try {
            parsed = JSON.parse(text)
          } catch {
            expect(() => readJson(text)).toThrow(MigError)
            return
          }
          if ((text.match(/"a" *:/g) ?? []).length < 2) expect(readJson(text)).toEqual(parsed)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['{"a": 1,}', 8],
    ['{"a" 1}', 5],
    ['[1 2]', 3],
    ['{"a": "x\ny"}', 6],
    ['{"a": tru}', 6],
    ['{"a": 1} x', 9],
    ['', 0],
    ['{"target": "x", "target": "y"}', 16],
    ['{"__proto__": {}}', 1],
  ])('says where %j is wrong', (text, position) => {
    const error = refusal(text)
    expect(error.code).toBe('bad-json')
    expect(error.position).toBe(position)
  })

  it('counts lines and columns for the person who looks for it', () => {
    expect(refusal('{\n  "a": 1\n  "b": 2\n}').message).toContain('line 3, column 3')
  })

  it('refuses nesting before it can hurt', () => {
    expect(refusal('['.repeat(200_000)).code).toBe('bad-json')
  })

  it('reads a text of half a megabyte with many escapes', () => {
    const long = '\\n"'.repeat(200_000)
    expect(readJson(JSON.stringify({ long }))).toEqual({ long })
  })
})
