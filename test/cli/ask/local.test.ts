import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'
import { builtMig, runMig } from '../run-mig.ts'

/** A small machine with the deck's leak in it, and names that fake lines. */
function aMachine(): string {
  const root = temporaryDirectory()
  mkdirSync(join(root, 'home/alice'), { recursive: true })
  mkdirSync(join(root, 'etc'))
  writeFileSync(join(root, 'home/alice/.boto'), '[Credentials]\naws_secret = abcdef123456\n')
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0\n')
  writeFileSync(join(root, 'etc/hostname'), 'web1\n')
  return root
}

const hostile = 'x\u001b[2J\nweb9 \u202e/etc/shadow'

describe('mig -t local', () => {
  it("answers the deck's line as printed, without mesh and keys", async () => {
    const root = aMachine()
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
    const run = await runMig(['file', ...line, '-t', 'local', '--root', root], { home: root })
    expect(run.code).toBe(0)
    expect(run.stdout).toMatch(
      /^\/home\/alice\/\.boto \[lastmodified:.*, mode:-rw-r--r--, size:40\] in search 's1'\n$/,
    )
    expect(run.stdout + run.stderr).not.toContain('aws_secret')
  })

  it('prints misses, errors and statistics only when asked', async () => {
    const root = aMachine()
    const words = ['-t', 'local', '--root', root, 'file', '-path', '/etc', '-name', 'nope']
    const quiet = await runMig(words, { home: root })
    expect([quiet.code, quiet.stdout]).toEqual([0, ''])
    const all = await runMig(['-show', 'all', ...words], { home: root })
    expect(all.stdout).toMatch(/^0 match found in search 's1'\nStatistics: /)
    const misses = await runMig([...words, '-show=notfound'], { home: root })
    expect(misses.stdout).toMatch(/^0 match found/)
  })

  it('shows a hostile name as one inert line, in every form', async () => {
    const root = aMachine()
    writeFileSync(join(root, 'etc', hostile.replaceAll('/', '_')), '')
    writeFileSync(join(root, 'etc', '=cmd|calc'), '')
    const words = ['-t', 'local', '--root', root, 'file', '-path', '/etc', '-name', '^[x=]']
    const plain = await runMig(words, { home: root })
    expect(plain.stdout.trimEnd().split('\n')).toHaveLength(2)
    for (const format of [[], ['--json'], ['--jsonl'], ['--csv']]) {
      const run = await runMig([...format, ...words], { home: root })
      expect(run.code).toBe(0)
      expect(run.stdout).not.toMatch(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u0080-\u009f\u202e]/)
      if (format[0] === '--jsonl') {
        const files = JSON.parse(run.stdout).elements.s1.map((hit: { file: string }) => hit.file)
        expect(files).toContain(`/etc/${hostile.replaceAll('/', '_')}`)
      }
    }
  })

  it('does not leave the root by a link', async () => {
    const root = aMachine()
    symlinkSync('/etc', join(root, 'outside'))
    const run = await runMig(
      ['-t', 'local', '--root', root, '--json', 'file', '-path', '/outside', '-name', 'passwd'],
      { home: root },
    )
    const hits = JSON.parse(run.stdout).elements.s1.filter((hit: { file: string }) => hit.file !== '')
    expect(hits.every((hit: { fileinfo: { size: number } }) => hit.fileinfo.size === 11)).toBe(true)
  })

  it('runs an action file', async () => {
    const root = aMachine()
    const file = join(process.cwd(), 'docs/actions/boto.json')
    const run = await runMig(['-t', 'local', '--root', root, '-i', file], { home: root })
    expect([run.code, run.stdout.split(' ')[0]]).toEqual([0, '/home/alice/.boto'])
  })
})

describe('exit codes and errors', () => {
  it.skipIf(process.platform === 'win32')('ends quietly when nobody reads its output', () => {
    // The reader is gone long before Node has started.
    const run = spawnSync('sh', ['-c', '"$0" "$1" help | :', process.execPath, builtMig()], {
      encoding: 'utf8',
    })
    expect([run.status, run.stderr]).toEqual([0, ''])
  })

  it.each([
    [['file', '-paht', '/'], 2, 'did you mean -path?'],
    [['fil', '-path', '/'], 2, "did you mean 'mig file'?"],
    [['file', '-path', '/', '-t', 'local', '-content', '(['], 1, 'mig file help'],
    [['action', 'snd'], 2, 'mig action send'],
    [['action', 'check', 'nowhere.json'], 1, 'there is no file'],
    [['results', '--show', 'banana'], 2, 'found, notfound, all'],
    [['agents', '-p', 'nme=x'], 2, 'agentname'],
    [['module', 'run', 'fil'], 1, "'file'"],
    [['file', '-path', '/etc'], 1, '-t local'],
    [['-i', 'x.json', 'file', '-path', '/'], 2, 'leave the module out'],
    [['-p'], 2, 'no module'],
  ] as const)('%j: exit %i', async (words, code, text) => {
    const run = await runMig(words, { home: temporaryDirectory() })
    expect(run.stderr).toContain(text)
    expect(run.code).toBe(code)
    expect(run.stderr).not.toContain('    at ')
    expect(run.stdout).toBe('')
  })
})
