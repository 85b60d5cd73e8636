import { describe, expect, it } from 'vitest'
import { parseModuleFlags } from '../../../modules/command-line.ts'
import { fileModule } from '../../../modules/file/index.ts'
import { normaliseParameters } from '../../../modules/file/normalise.ts'
import { fileParameters } from '../../../modules/file/options.ts'
import { parseParameters } from '../../../modules/parameters.ts'
import { MigError } from '../../../node/core/error.ts'

const standard = {
  maxdepth: 1000,
  maxerrors: 30,
  matchall: true,
  macroal: false,
  mismatch: null,
  matchlimit: 1000,
}
const flags = (...args: string[]) => parseModuleFlags(fileModule, args)
const codeOf = (call: () => unknown) => {
  try {
    call()
  } catch (error) {
    if (error instanceof MigError) return error.code
  }
  return undefined
}

/** The first complaint about one search with the label `s1`. */
function complaint(search: object) {
  const issue = fileParameters.safeParse({ searches: { s1: { paths: ['/etc'], ...search } } }).error
    ?.issues[0]
  return issue === undefined ? undefined : { ...issue, path: issue.path.slice(2).join('.') }
}

describe('parameters', () => {
  it('are taken as they are', () => {
    const given = {
      searches: {
        é: {
          paths: ['/etc'],
          names: ['!x'],
          sizes: null,
          sha2: ['AB'.repeat(32)],
          options: { mismatch: null },
        },
      },
    }
    expect(fileParameters.parse(given)).toEqual(given)
    expect(fileParameters.parse({})).toEqual({})
    expect(fileParameters.parse({ searches: {} })).toEqual({ searches: {} })
  })

  it.each([
    [{ paths: [] }, 'paths'],
    [{ paths: undefined }, 'paths'],
    [{ paths: ['/etc', 'etc'] }, 'paths.1'],
    [{ paths: ['./etc'] }, 'paths.0'],
    [{ paths: [''] }, 'paths.0'],
    [{ paths: ['/a\0b'] }, 'paths.0'],
    [{ names: ['x', ''] }, 'names.1'],
    [{ contents: ['('] }, 'contents.0'],
    [{ contents: ['!('] }, 'contents.0'],
    [{ modes: ['('] }, 'modes.0'],
    [{ sizes: ['>>>>1m'] }, 'sizes.0'],
    [{ mtimes: ['5d'] }, 'mtimes.0'],
    [{ md5: ['x'.repeat(32)] }, 'md5.0'],
    [{ sha1: ['a'.repeat(39)] }, 'sha1.0'],
    [{ sha2: ['abcd'] }, 'sha2.0'],
    [{ sha3: ['a'.repeat(40)] }, 'sha3.0'],
    [{ paths: ['~'] }, 'paths.0'],
    [{ paths: ['~root/.ssh'] }, 'paths.0'],
    [{ excludes: [''] }, 'excludes.0'],
    [{ excludes: ['('] }, 'excludes.0'],
    [{ types: ['f,x'] }, 'types.0'],
    [{ types: [''] }, 'types.0'],
    [{ owners: ['a b'] }, 'owners.0'],
    [{ groups: ['!'] }, 'groups.0'],
    [{ atimes: ['5d'] }, 'atimes.0'],
    [{ ctimes: ['<5s'] }, 'ctimes.0'],
    [{ btimes: ['<5'] }, 'btimes.0'],
    [{ links: ['-1'] }, 'links.0'],
    [{ entropies: ['7'] }, 'entropies.0'],
    [{ entropies: ['>8.1'] }, 'entropies.0'],
    [{ packaged: ['maybe'] }, 'packaged.0'],
    [{ manifests: ['('] }, 'manifests.0'],
    [{ multilines: ['('] }, 'multilines.0'],
    [{ bytes: ['!('] }, 'bytes.0'],
    [{ bytes: ['\\pL'] }, 'bytes.0'],
    [{ capabilities: ['('] }, 'capabilities.0'],
    [{ options: { archivedepth: 1.5 } }, 'options.archivedepth'],
    [{ options: { xdev: 'yes' } }, 'options.xdev'],
    [{ content: ['x'] }, ''],
    [{ options: { mismatch: ['contents'] } }, 'options.mismatch.0'],
    [{ options: { matchal: true } }, 'options'],
  ])('%j is refused at %s', (search, path) => expect(complaint(search)?.path).toBe(path))

  it('of a bad expression name the code and the place', () => {
    const at = (regex: string) => complaint({ contents: [regex] }) as { params?: unknown } | undefined
    expect(at('ab(?=x)')?.params).toEqual({ code: 'bad-regex', position: 2 })
    expect(at('!ab(?=x)')?.params).toEqual({ code: 'bad-regex', position: 3 })
    expect(at('(a)\\1')?.params).toMatchObject({ code: 'bad-regex' })
  })

  it('of a bad kind or exclusion name the place too', () => {
    const at = (search: object) => complaint(search) as { params?: unknown } | undefined
    expect(at({ types: ['f,d,x'] })?.params).toEqual({ code: 'bad-parameters', position: 4 })
    expect(at({ excludes: ['ab(?=x)'] })?.params).toEqual({ code: 'bad-regex', position: 2 })
    expect(at({ manifests: ['!ab(?=x)'] })?.params).toEqual({ code: 'bad-regex', position: 3 })
  })

  it.each([
    [{ contents: ['ab(?=x)'] }, { code: 'bad-regex', position: 2 }],
    [{ names: ['!ab(?=x)'] }, { code: 'bad-regex', position: 3 }],
    [{ names: [''] }, { code: 'bad-parameters', position: undefined }],
    [
      { sizes: ['big'], contents: ['('] },
      { code: 'bad-regex', position: 0 },
    ],
    [
      { paths: ['etc'], contents: ['('] },
      { code: 'bad-parameters', position: undefined },
    ],
  ])('%j is thrown with the code and the place of the first fault', (search, error) => {
    const parameters = { searches: { s1: { paths: ['/etc'], ...search } } }
    expect(() => parseParameters(fileModule, parameters)).toThrow(expect.objectContaining(error))
  })

  it.each([
    ['', false],
    ['a'.repeat(64), true],
    ['a'.repeat(65), false],
    ['é'.repeat(64), true],
    ['a\nb', false],
  ])('label %j: %s', (label, accepted) => {
    const parsed = fileParameters.safeParse({ searches: { [label]: { paths: ['/etc'] } } })
    expect(parsed.success).toBe(accepted)
    if (!accepted) expect(parsed.error?.issues[0]?.path).toEqual(['searches', label])
  })
})

describe('the command line', () => {
  it('FP01 has the defaults of MIG', () => {
    expect(flags('-path', '/etc')).toEqual({ searches: { s1: { paths: ['/etc'], options: standard } } })
  })

  it.each([
    ['FP02', ['-matchany', '-matchall']],
    ['FP02, the other way', ['-matchall', '-matchany']],
    ['FP03', ['-matchall=false']],
  ])('%s makes matchall false', (_, args) => {
    const { searches } = flags('-path', '/etc', ...args)
    expect(searches?.s1?.options?.matchall).toBe(false)
  })

  it('FP04 repeats', () => {
    const { searches } = flags('-path', '/etc', '-name', 'a', '-name', 'b', '-size', '<1k')
    expect(searches?.s1).toMatchObject({ names: ['a', 'b'], sizes: ['<1k'] })
  })

  it('FP05 needs a path', () => expect(codeOf(() => flags('-name', 'x'))).toBe('usage'))

  it('FP06 takes two dashes and an equals sign', () => {
    expect(flags('--path=/etc', '-name=x')).toEqual(flags('-path', '/etc', '-name', 'x'))
  })

  it('FP07 refuses the stray word at which MIG dropped the rest', () => {
    expect(codeOf(() => flags('-path', '/etc', 'junk', '-name', 'x'))).toBe('usage')
  })

  it('FP09 refuses a number that is none', () => {
    expect(codeOf(() => flags('-path', '/etc', '-maxdepth', 'x'))).toBe('usage')
  })

  it('FP11 takes all flags of MIG together', () => {
    const hashes = [
      '-md5',
      'a'.repeat(32),
      '-sha1',
      'a'.repeat(40),
      '-sha2',
      'a'.repeat(64),
      '-sha3',
      'a'.repeat(56),
    ]
    const sizes = ['-size', '1', '-size', '<1k', '-size', '>1']
    const words = [
      '-path',
      '/',
      '-name',
      'n',
      '-content',
      'c',
      '-mode',
      'm',
      '-mtime',
      '<1h',
      '-mismatch',
      'content',
    ]
    const numbers = ['-matchlimit', '10', '-maxdepth', '2', '-maxerrors', '31']
    const switches = ['-matchany', '-matchall', '-macroal', '-verbose', '-decompress', '-returnsha256']
    const { searches } = flags(...words, ...sizes, ...hashes, ...numbers, ...switches)
    expect(searches?.s1?.options).toEqual({
      maxdepth: 2,
      maxerrors: 31,
      matchall: false,
      macroal: true,
      mismatch: ['content'],
      matchlimit: 10,
      returnsha256: true,
      decompress: true,
    })
  })

  it('takes what is beside MIG, and says nothing of it when it is not given', () => {
    const more = flags(
      ...[
        '-path',
        '~*/.ssh',
        '-exclude',
        '/x',
        '-type',
        'f,l',
        '-owner',
        '!root',
        '-group',
        'wheel',
        '-atime',
        '<1d',
      ],
      ...['-ctime', '<1d', '-btime', '>1d', '-links', '>1', '-entropy', '>7.5', '-packaged', 'no', '-xdev'],
      ...['-manifest', 'a:b:1', '-archives', '-archivedepth', '3'],
    )
    expect(more.searches?.s1).toEqual({
      paths: ['~*/.ssh'],
      excludes: ['/x'],
      types: ['f,l'],
      owners: ['!root'],
      groups: ['wheel'],
      atimes: ['<1d'],
      ctimes: ['<1d'],
      btimes: ['>1d'],
      links: ['>1'],
      entropies: ['>7.5'],
      packaged: ['no'],
      manifests: ['a:b:1'],
      options: { ...standard, xdev: true, archives: true, archivedepth: 3 },
    })
    expect(codeOf(() => flags('-path', '/', '-packaged', 'perhaps'))).toBeDefined()
    expect(codeOf(() => flags('-path', '/', '-archives', '-archivedepth', '17'))).toBeDefined()
  })

  it("takes the deck's line", () => {
    const line = [
      '-path',
      '/',
      '-name',
      '^\\.boto$',
      '-content',
      'abcdef123456',
      '-size',
      '<1k',
      '-maxdepth',
      '5',
    ]
    expect(flags(...line).searches?.s1).toEqual({
      paths: ['/'],
      names: ['^\\.boto$'],
      contents: ['abcdef123456'],
      sizes: ['<1k'],
      options: { ...standard, maxdepth: 5 },
    })
  })
})

describe('older forms', () => {
  const hash = 'a'.repeat(64)
  it("are rewritten: the deck's action has its label directly under the parameters", () => {
    const deck = { iocs: { paths: ['/usr'], sha256: [hash], contents: ['x'] } }
    const rewritten = normaliseParameters(deck)
    expect(rewritten).toEqual({ searches: { iocs: { paths: ['/usr'], sha2: [hash], contents: ['x'] } } })
    expect(fileParameters.safeParse(rewritten).success).toBe(true)
  })

  it('are rewritten inside of searches too, and several names may become one', () => {
    const old = {
      searches: { s: { path: '/usr', sha256: [hash], sha512: ['b'], sha2: ['c'], regexes: ['x'] } },
    }
    expect(normaliseParameters(old)).toEqual({
      searches: { s: { paths: ['/usr'], sha2: [hash, 'b', 'c'], contents: ['x'] } },
    })
  })

  it('leave present forms and rubbish as they are', () => {
    for (const value of [
      {},
      null,
      7,
      'x',
      [],
      { searches: {} },
      { searches: [] },
      { a: 1 },
      { searches: {}, x: {} },
    ]) {
      expect(normaliseParameters(value)).toEqual(value)
    }
    const present = { searches: { s1: { paths: ['/etc'], sha2: [hash], options: { mismatch: null } } } }
    expect(normaliseParameters(present)).toEqual(present)
  })
})
