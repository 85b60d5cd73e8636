import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { describeFlags, flagsJsonSchema, flagsTable, parseModuleFlags } from '../../modules/command-line.ts'
import { parametersJsonSchema } from '../../modules/parameters.ts'

const options = z.strictObject({
  paths: z.array(z.string()).min(1).meta({ flag: 'path', placeholder: '<dir>', help: 'where to look' }),
  names: z.array(z.string()).optional().meta({ flag: 'name', placeholder: '<regex|!regex>', help: 'a name' }),
  maxdepth: z.int().min(0).default(1000).meta({ flag: 'maxdepth', placeholder: '<n>', help: 'how deep' }),
  matchall: z.boolean().default(true).meta({ flag: 'matchall', help: 'all' }),
  size: z.string().meta({ flag: 'size', help: 'one size' }).optional(),
})
const module = {
  name: 'look',
  parameters: z.record(z.string(), z.unknown()).refine((all) => all.size !== 'bad', 'no size'),
  commandLine: { options, toParameters: (values: object) => ({ ...values }), examples: [] },
}
const parse = (...args: string[]) => parseModuleFlags(module, ['-path', '/', ...args])
const refusal = (message: string) => expect.objectContaining({ code: 'usage', message })

describe('the forms of MIG', () => {
  test.each([[['-name', 'x']], [['--name', 'x']], [['-name=x']], [['--name=x']]])('%j', (args) => {
    expect(parse(...args)).toMatchObject({ names: ['x'] })
  })

  test('repeats lists, in order (FP04)', () => {
    expect(parse('-name', 'a', '-name=b', '-size', '<1k')).toMatchObject({ names: ['a', 'b'], size: '<1k' })
  })

  test.each(['-x', '!x', '--', '', 'a=b', '=x'])(
    'takes %j as a value when it stands after its option',
    (value) => {
      expect(parse('-name', value)).toMatchObject({ names: [value] })
      expect(parse(`-name=${value}`)).toMatchObject({ names: [value] })
    },
  )

  test.each([
    [['-matchall'], true],
    [['-matchall=false'], false],
    [['-matchall=0'], false],
    [['--matchall=T'], true],
    [[], true],
  ])('reads the boolean of %j (FP03)', (args, matchall) => {
    expect(parse(...args)).toMatchObject({ matchall })
  })

  test('reads numbers and fills in defaults (FP01)', () => {
    expect(parse('-maxdepth', '5')).toMatchObject({ maxdepth: 5 })
    expect(parse()).toMatchObject({ maxdepth: 1000 })
  })
})

describe('refusals', () => {
  test.each([
    [['-nmae', 'x'], 'look: unknown option -nmae, did you mean -name?'],
    [['--maxdpeth=1'], 'look: unknown option -maxdpeth, did you mean -maxdepth?'],
    [['-paths', '/'], 'look: unknown option -paths, did you mean -path?'],
    [['-zzzzz'], 'look: unknown option -zzzzz'],
    [['-__proto__', 'x'], 'look: unknown option -__proto__'],
    // FP07: MIG stops here and silently drops the rest.
    [['junk', '-name', 'x'], 'look: unexpected word "junk"'],
    [['name', 'x'], 'look: unexpected word "name", did you mean -name?'],
    [['-matchall', 'false'], 'look: unexpected word "false"'],
    [['--'], 'look: unexpected word "--"'],
    [['-'], 'look: unexpected word "-"'],
    [['---name', 'x'], 'look: unexpected word "---name", did you mean -name?'],
    [['-name'], 'look: flag needs an argument: -name'],
    [['-maxdepth', 'x'], 'look: invalid value "x" for flag -maxdepth: parse error'], // FP09
    [['-maxdepth', '0x10'], 'look: invalid value "0x10" for flag -maxdepth: parse error'],
    [['-maxdepth', '-1'], 'look: -maxdepth: expected number to be >=0, got number -1'],
    [['-matchall=maybe'], 'look: invalid boolean value "maybe" for -matchall: parse error'],
    [['-size', '1', '-size', '2'], 'look: -size is given twice and takes one value'],
  ])('%j', (args, message) => {
    expect(() => parse(...args)).toThrow(refusal(message))
  })

  test('a missing option by its flag', () => {
    expect(() => parseModuleFlags(module, [])).toThrow(refusal('look: option -path is missing'))
  })

  test('what the parameters of the module refuse', () => {
    expect(() => parse('-size', 'bad')).toThrow(
      expect.objectContaining({ code: 'bad-parameters', message: 'look: no size' }),
    )
  })
})

test('describes flags at any wrapping of the schema', () => {
  expect(describeFlags(module)).toEqual([
    {
      flag: 'path',
      key: 'paths',
      kind: 'text',
      repeat: true,
      placeholder: '<dir>',
      help: 'where to look',
      default: undefined,
    },
    {
      flag: 'name',
      key: 'names',
      kind: 'text',
      repeat: true,
      placeholder: '<regex|!regex>',
      help: 'a name',
      default: undefined,
    },
    {
      flag: 'maxdepth',
      key: 'maxdepth',
      kind: 'number',
      repeat: false,
      placeholder: '<n>',
      help: 'how deep',
      default: 1000,
    },
    {
      flag: 'matchall',
      key: 'matchall',
      kind: 'boolean',
      repeat: false,
      placeholder: undefined,
      help: 'all',
      default: true,
    },
    {
      flag: 'size',
      key: 'size',
      kind: 'text',
      repeat: false,
      placeholder: 'value',
      help: 'one size',
      default: undefined,
    },
  ])
})

test('makes a Markdown table whose bars do not break it', () => {
  const rows = flagsTable(module).split('\n')
  expect(rows[3]).toBe('| `-name <regex\\|!regex>` | yes |  | a name |')
  expect(rows[4]).toBe('| `-maxdepth <n>` |  | 1000 | how deep |')
})

test('gives JSON Schemas of options and parameters', () => {
  expect(flagsJsonSchema(module)).toMatchObject({
    properties: { paths: { type: 'array', flag: 'path' } },
    required: ['paths'],
  })
  expect(parametersJsonSchema(module)).toMatchObject({ type: 'object' })
})
