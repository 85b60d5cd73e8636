import { describe, expect, it } from 'vitest'
import { titleOf } from '../../../cli/ask/make-draft.ts'
import { readAskedWords } from '../../../cli/ask/words.ts'
import { parseModuleFlags } from '../../../modules/command-line.ts'
import { codeOf, MigError } from '../../../node/core/error.ts'

/** Splits as a shell would a line without escapes: double quotes only. */
function shell(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

function read(line: string) {
  const { module, moduleWords, options, wantsHelp } = readAskedWords(shell(line))
  return { module: module?.name, moduleWords, options, wantsHelp }
}

function refusal(line: string): MigError {
  try {
    readAskedWords(shell(line))
  } catch (error) {
    if (error instanceof MigError) return error
    throw error
  }
  throw new Error(`${line} was accepted`)
}

describe('the words of a question', () => {
  it("reads the deck's line as printed", () => {
    const line = 'file -path / -name "^\\.boto$" -content "abcdef123456" -size "<1k" -maxdepth 5'
    const { module, moduleWords } = readAskedWords(shell(line))
    expect(module?.name).toBe('file')
    expect(parseModuleFlags(module ?? (undefined as never), moduleWords)).toEqual({
      searches: {
        s1: {
          paths: ['/'],
          names: ['^\\.boto$'],
          contents: ['abcdef123456'],
          sizes: ['<1k'],
          options: {
            maxdepth: 5,
            maxerrors: 30,
            matchall: true,
            macroal: false,
            mismatch: null,
            matchlimit: 1000,
          },
        },
      },
    })
  })

  it.each([
    ['-t "name=1" file -path /etc', { target: 'name=1' }],
    ['--target "name=1" file -path /etc', { target: 'name=1' }],
    ['file -path /etc -t=name=1', { target: 'name=1' }],
    ['file -path /etc --target=name=1', { target: 'name=1' }],
    ['-target-found abc file -path /etc', { targetFound: 'abc' }],
    ['file -path /etc -target-notfound abc', { targetNotFound: 'abc' }],
    ['-show all file -path /etc', { show: 'all' }],
    ['file -show=notfound -path /etc', { show: 'notfound' }],
    ['-e 1h30m file -path /etc', { expireMs: 5_400_000 }],
    ['-e 7d file -path /etc', { expireMs: 604_800_000 }],
    ['-p file -path /etc', { print: true }],
    ['-p=false file -path /etc', { print: false }],
    ['-s file -path /etc', { sign: true }],
    ['-y file -path /etc', { yes: true }],
    ['-no-gpg file -path /etc', { gpg: false }],
    ['--wait 5s file -path /etc', { waitMs: 5000 }],
    ['--reader bob --reader carol file -path /etc', { readers: ['bob', 'carol'] }],
    ['--summary-bytes 16384 file -path /etc', { summaryBytes: 16_384 }],
    ['--limit-wall 10s --limit-matches 5 file -path /etc', { limitWallMs: 10_000, limitMatches: 5 }],
    ['--jsonl file -path /etc', { format: 'jsonl' }],
  ])('takes %s', (line, options) => {
    const given = read(line)
    expect(given.module).toBe('file')
    expect(given.moduleWords).toEqual(['-path', '/etc'])
    expect(given.options).toMatchObject(options)
  })

  it('gives a flag that module and globals share to the module, once the module is named', () => {
    expect(read('-verbose file -path /etc').options.verbose).toBe(true)
    const after = read('file -path /etc -verbose')
    expect(after.moduleWords).toEqual(['-path', '/etc', '-verbose'])
    expect(after.options.verbose).toBeUndefined()
  })

  it('takes a value that begins with a dash or a bang as it is', () => {
    expect(read('file -path /etc -name -t -content "!-----BEGIN"').moduleWords).toEqual([
      '-path',
      '/etc',
      '-name',
      '-t',
      '-content',
      '!-----BEGIN',
    ])
    expect(read('-n -p file -path /etc').options).toMatchObject({ title: '-p' })
  })

  it.each([
    ['file -paht /etc', '-path'],
    ['file -path /etc -targt x', '-target'],
    ['file -path /etc --shwo all', '-show'],
    ['netstat -connectedip 1.2.3.4', '-ci'],
    ['-targte x file', '-target'],
  ])('refuses %s and names the nearest option', (line, near) => {
    const error = refusal(line)
    expect(error.code).toBe('usage')
    expect(error.message).toContain(`did you mean ${near}?`)
  })

  it.each([
    ['file -path /etc junk -name x'],
    ['file -path /etc -t'],
    ['-t a -t b file -path /etc'],
    ['-show banana file -path /etc'],
    ['-e 5 file -path /etc'],
    ['-e -5s file -path /etc'],
    ['--summary-bytes 5000 file -path /etc'],
    ['--limit-matches 0 file -path /etc'],
    ['-p=perhaps file -path /etc'],
    ['- file -path /etc'],
    ['-- file -path /etc'],
  ])('refuses %s', (line) => {
    expect(codeOf(refusal(line))).toBe(
      line.startsWith('-- ') || line.startsWith('- ') ? 'unknown-module' : 'usage',
    )
  })

  it("says that a module's options stand after its name", () => {
    expect(refusal('-path /etc file').hint).toContain('after the module')
  })

  it('names the module that was likely meant', () => {
    const error = refusal('-t local fiel -path /etc')
    expect(error.code).toBe('unknown-module')
    expect(error.hint).toContain("'file'")
  })

  it.each(['file help', 'file -h', '--help', '-t local file --help'])(
    'sees that %s asks for help',
    (line) => {
      expect(read(line).wantsHelp).toBe(true)
    },
  )
})

describe('the name of an action', () => {
  it('is the command, cut as MIG cuts it', () => {
    expect(titleOf(['mig', 'file', '-path', '/etc'])).toBe('mig file -path /etc')
    const long = titleOf(['mig', ...Array.from({ length: 60 }, () => 'word')])
    expect(long.endsWith('...')).toBe(true)
    expect(long.length).toBeLessThan(120)
  })

  it('never holds what cannot be signed', () => {
    expect(titleOf(['a\u202eb', '\u001b[2J', '\ud800'])).toBe('a?b ?[2J ?')
    expect(titleOf(['x'.repeat(5000)]).length).toBeLessThanOrEqual(256)
  })
})
