import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createHost } from '../../../modules/host/create-host.ts'
import { HostError, type OpenDirectory, type OpenFile } from '../../../modules/host/host.ts'
import { makeDeepTree } from '../../fixtures/deep-tree.ts'
import { runTypeScript } from '../../fixtures/run-typescript.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'

const isLinux = process.platform === 'linux'
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')

function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof HostError) return error.code
    throw error
  }
  return 'nothing thrown'
}

function readAll(file: OpenFile): string {
  const buffer = Buffer.alloc(64)
  let all = ''
  try {
    for (let count = file.read(buffer); count > 0; count = file.read(buffer)) {
      all += buffer.toString('latin1', 0, count)
    }
  } finally {
    file.close()
  }
  return all
}

describe.runIf(isLinux).each(['descriptors', 'paths'] as const)('a host that looks up by %s', (way) => {
  function aHost() {
    const outside = temporaryDirectory()
    const root = join(outside, 'root')
    mkdirSync(join(root, 'etc/deep'), { recursive: true })
    writeFileSync(join(outside, 'secret'), 'outside')
    writeFileSync(join(root, 'etc/passwd'), 'inside')
    // A platform without a host of its own is looked up by path.
    return { outside, root, host: createHost({ root, platform: way === 'paths' ? 'freebsd' : 'linux' }) }
  }

  it('reads from any place of a file, and of nothing but a file', () => {
    const { root, host } = aHost()
    const file = host.open('/etc/passwd')
    const at = (position: number, sizeBytes: number) => {
      const buffer = Buffer.alloc(sizeBytes)
      return buffer.toString('latin1', 0, file.readAt(buffer, position))
    }
    expect([at(2, 2), at(4, 100), at(0, 6), at(6, 1), at(99, 1)]).toEqual(['si', 'de', 'inside', '', ''])
    expect(readAll(file)).toBe('inside')
    execFileSync('mkfifo', [join(root, 'etc/fifo')])
    const etc = host.openDirectory('/etc')
    const fifo = etc.open('fifo', false)
    expect(codeOf(() => fifo.readAt(Buffer.alloc(1), 0))).toBe('not-supported')
    fifo.close()
    etc.close()
  })

  it('takes absolute links and dots inside the root', () => {
    const { outside, root, host } = aHost()
    symlinkSync('/etc/passwd', join(root, 'absolute'))
    symlinkSync('../../../../../../etc/passwd', join(root, 'etc/climbing'))
    symlinkSync(join(outside, 'secret'), join(root, 'escape'))
    symlinkSync('/', join(root, 'top'))

    expect(text(host.readFile('/absolute', 100))).toBe('inside')
    expect(text(host.readFile('/etc/climbing', 100))).toBe('inside')
    expect(text(host.readFile('/top/top/etc/../../../etc/passwd', 100))).toBe('inside')
    expect(codeOf(() => host.readFile('/../secret', 100))).toBe('not-found')
    expect(codeOf(() => host.readFile('/escape', 100))).toBe('not-found')
    expect(text(host.realPath('/top/etc/climbing'))).toBe('/etc/passwd')
    expect(text(host.realPath('/top/..'))).toBe('/')
  })

  it('takes .. after a link from where the link leads, as the kernel does', () => {
    const { root, host } = aHost()
    symlinkSync('etc/deep', join(root, 'shortcut'))
    expect(text(host.readFile('/shortcut/../passwd', 100))).toBe('inside')
  })

  it('ends a loop of links', () => {
    const { root, host } = aHost()
    symlinkSync('two', join(root, 'one'))
    symlinkSync('one', join(root, 'two'))
    expect(codeOf(() => host.stat('/one', true))).toBe('symlink-loop')
    expect(codeOf(() => host.stat('/one/x', false))).toBe('symlink-loop')
    expect(host.stat('/one', false).kind).toBe('link')
  })

  it('follows 40 links and no more', () => {
    const { root, host } = aHost()
    symlinkSync('etc/passwd', join(root, 'link1'))
    for (let i = 2; i <= 41; i++) symlinkSync(`link${i - 1}`, join(root, `link${i}`))
    expect(host.stat('/link40', true).kind).toBe('file')
    expect(codeOf(() => host.stat('/link41', true))).toBe('symlink-loop')
  })

  it('does not open through a final link', () => {
    const { root, host } = aHost()
    symlinkSync('passwd', join(root, 'etc/link'))
    expect(codeOf(() => host.open('/etc/link'))).toBe('is-link')
    expect(codeOf(() => host.openDirectory('/etc/link'))).toBe('is-link')
    const etc = host.openDirectory('/etc')
    expect(codeOf(() => etc.open('link', false))).toBe('is-link')
    expect(readAll(etc.open('link', true))).toBe('inside')
    etc.close()
  })

  it('says what is wrong with a path', () => {
    const { host } = aHost()
    expect(codeOf(() => host.open('/nope'))).toBe('not-found')
    expect(codeOf(() => host.open('/etc/passwd/x'))).toMatch(/^not-(directory|found)$/)
    expect(codeOf(() => host.openDirectory('/etc/passwd'))).toBe('not-directory')
    expect(codeOf(() => host.stat(`/${'n'.repeat(300)}`, false))).toBe('name-too-long')
    expect(codeOf(() => host.readFile('/etc/passwd', 5))).toBe('too-large')
    expect(text(host.readFile('/etc/passwd', 6))).toBe('inside')
    expect(codeOf(() => createHost({ root: '/nope', platform: 'linux' }).list('/'))).toBe('not-found')
  })

  it('looks up no name that leads out of an open directory', () => {
    const { host } = aHost()
    const etc = host.openDirectory('/etc')
    for (const name of ['..', '', 'deep/../../..', '/etc', 'a\0b']) {
      expect(codeOf(() => etc.statEntry(name, true))).toBe('not-found')
    }
    etc.close()
  })

  it('neither blocks on a FIFO nor opens a device or a socket', async () => {
    const { root, host } = aHost()
    execFileSync('mkfifo', [join(root, 'fifo')])
    const server = createServer().listen(join(root, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    for (const name of ['fifo', 'socket']) {
      expect(host.stat(`/${name}`, false).kind).toBe(name)
      expect(codeOf(() => host.open(`/${name}`))).toBe('not-supported')
      expect(codeOf(() => host.readFile(`/${name}`, 10))).toBe('not-supported')
    }
    const top = host.openDirectory('/')
    // As when a file was listed and a FIFO stands there by the time it is opened.
    const swapped = top.open('fifo', false)
    expect(codeOf(() => swapped.read(Buffer.alloc(1)))).toBe('not-supported')
    swapped.close()
    top.close()
    await new Promise((resolve) => server.close(resolve))
  })

  it.runIf(process.getuid?.() === 0)('never reads a device', (test) => {
    const { root, host } = aHost()
    try {
      execFileSync('mknod', [join(root, 'zero'), 'c', '1', '5'], { stdio: 'ignore' })
    } catch {
      test.skip('mknod is not permitted here')
    }
    expect(host.stat('/zero', false).kind).toBe('character-device')
    expect(codeOf(() => host.open('/zero'))).toBe('not-supported')
    const top = host.openDirectory('/')
    const swapped = top.open('zero', false)
    expect(codeOf(() => swapped.read(Buffer.alloc(1)))).toBe('not-supported')
    swapped.close()
    top.close()
  })

  it('keeps names that are not UTF-8', () => {
    const { root, host } = aHost()
    const name = Buffer.from([0x6e, 0xff, 0xfe])
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), 'odd')
    symlinkSync(Buffer.from([0x6e, 0xff, 0xfe]), join(root, 'odd-link'))

    const names = host.list('/').map((entry) => Buffer.from(entry.name).toString('hex'))
    expect(names).toContain('6efffe')
    expect(text(host.readFile(Buffer.concat([Buffer.from('/'), name]), 10))).toBe('odd')
    expect(Buffer.from(host.readLink('/odd-link')).toString('hex')).toBe('6efffe')
    expect(text(host.readFile('/odd-link', 10))).toBe('odd')
  })

  it('leaves access times alone', () => {
    const { root, host } = aHost()
    const path = join(root, 'etc/passwd')
    utimesSync(path, 1_000_000_000, 1_500_000_000)
    host.readFile('/etc/passwd', 100)
    expect(statSync(path).atimeMs).toBe(1_000_000_000_000)
  })

  it('notices that a file changes while it is read', () => {
    const { root, host } = aHost()
    const file = host.open('/etc/passwd')
    expect(file.changed()).toBe(false)
    writeFileSync(join(root, 'etc/passwd'), 'longer than before')
    expect(file.changed()).toBe(true)
    file.close()
  })

  it('reads the name of the machine from its own root', () => {
    const { root, host } = aHost()
    writeFileSync(join(root, 'etc/hostname'), 'pictured\n')
    expect(host.hostname()).toBe('pictured')
  })
})

describe.runIf(isLinux)('a Linux host', () => {
  it('reads kernel files, whose size says 0, through their links', () => {
    const host = createHost({ root: '/' })
    expect(text(host.readFile('/proc/self/mountinfo', 1 << 24))).toContain(' / ')
    expect(text(host.readFile('/proc/net/tcp', 1 << 24))).toContain('local_address')
    expect(host.mounts().map((mount) => text(mount.path))).toContain('/proc')
    expect(host.mounts().find((mount) => text(mount.path) === '/proc')?.fileSystem).toBe('proc')
  })

  it('says of another root what it lies on, and what is mounted in it', () => {
    const [own, ...below] = createHost({ root: temporaryDirectory() }).mounts()
    expect(text(own?.path ?? Buffer.alloc(0))).toBe('/')
    expect(below).toEqual([])
    const proc = createHost({ root: '/proc' }).mounts()
    expect(proc[0]?.fileSystem).toBe('proc')
    expect(proc.every((mount) => !text(mount.path).startsWith('/proc'))).toBe(true)
  })

  // 600 levels of 14 bytes are twice PATH_MAX, and more levels than descriptors are kept.
  it('walks deeper than PATH_MAX with few descriptors, and finds every level again on the way up', () => {
    const root = temporaryDirectory()
    makeDeepTree(root, 'quite-a-name-x', 600, 'at the bottom')
    const host = createHost({ root })
    const before = readdirSync('/proc/self/fd').length
    const chain: OpenDirectory[] = [host.openDirectory('/')]
    for (let level = 0; level < 600; level++) {
      chain.push(chain[level]?.openDirectory('quite-a-name-x') as OpenDirectory)
    }
    expect(readAll(chain[600]?.open('secret', false) as OpenFile)).toBe('at the bottom')
    expect(readdirSync('/proc/self/fd').length - before).toBeLessThanOrEqual(66)
    for (const directory of chain.reverse().slice(0, 600)) {
      directory.close()
    }
    expect(chain[600]?.statEntry('side', false).kind).toBe('directory')
    expect(readdirSync('/proc/self/fd').length - before).toBeLessThanOrEqual(3)
    // The same by one path, which no system call would take whole.
    const path = '/quite-a-name-x'.repeat(600)
    expect(text(host.readFile(`${path}/secret`, 100))).toBe('at the bottom')
    expect(host.list(path)).toHaveLength(2)
  })

  it('uses each level on the way up although it was closed on the way down', () => {
    const root = temporaryDirectory()
    makeDeepTree(root, 'd', 200, '')
    const host = createHost({ root })
    const chain: OpenDirectory[] = [host.openDirectory('/')]
    for (let level = 0; level < 200; level++) {
      chain.push(chain[level]?.openDirectory('d') as OpenDirectory)
    }
    for (let level = 199; level >= 0; level--) {
      chain[level + 1]?.close()
      expect(chain[level]?.statEntry('side', false).kind).toBe('directory')
    }
  })

  it('is not led away when a directory is moved while the walk is below it', () => {
    const outside = temporaryDirectory()
    const root = join(outside, 'root')
    mkdirSync(root)
    makeDeepTree(root, 'd', 100, '')
    writeFileSync(join(outside, 'secret'), 'outside')
    const host = createHost({ root })
    const chain: OpenDirectory[] = [host.openDirectory('/')]
    for (let level = 0; level < 100; level++) {
      chain.push(chain[level]?.openDirectory('d') as OpenDirectory)
    }
    // d1 was closed long ago; its child now lies outside, where `..` would lead to the secret.
    renameSync(join(root, 'd/d'), join(outside, 'moved'))
    for (let level = 100; level >= 2; level--) chain[level]?.close()
    expect(codeOf(() => chain[1]?.statEntry('secret', false))).toBe('not-found')
    expect(chain[1]?.statEntry('side', false).kind).toBe('directory')
  })

  it('stays inside while links and directories are swapped under it', () => {
    const outside = temporaryDirectory()
    const root = join(outside, 'root')
    mkdirSync(join(root, 'stable/inner'), { recursive: true })
    writeFileSync(join(root, 'stable/inner/file'), 'inside')
    mkdirSync(join(outside, 'inner'))
    writeFileSync(join(outside, 'inner/file'), 'outside')
    const host = createHost({ root })
    const seen = new Set<string>()
    for (let round = 0; round < 200; round++) {
      const directory = host.openDirectory('/stable')
      if (round % 2 === 0) {
        renameSync(join(root, 'stable'), join(root, 'aside'))
        symlinkSync(outside, join(root, 'stable'))
        seen.add(readAll(directory.openDirectory('inner').open('file', false)))
        seen.add(codeOf(() => host.readFile('/stable/inner/file', 10)))
        unlinkSync(join(root, 'stable'))
        renameSync(join(root, 'aside'), join(root, 'stable'))
      }
      directory.close()
    }
    expect([...seen].sort()).toEqual(['inside', 'not-found'])
  })

  it('says of what vanishes that it is not there', () => {
    const root = temporaryDirectory()
    mkdirSync(join(root, 'gone'))
    const host = createHost({ root })
    const top = host.openDirectory('/')
    const gone = top.openDirectory('gone')
    rmSync(join(root, 'gone'), { recursive: true })
    expect([...gone.entries()]).toEqual([])
    expect(codeOf(() => gone.statEntry('x', false))).toBe('not-found')
    expect(codeOf(() => top.openDirectory('gone'))).toBe('not-found')
  })

  it('says of what it may not read that permission is denied', () => {
    const root = temporaryDirectory()
    mkdirSync(join(root, 'closed'))
    writeFileSync(join(root, 'file'), 'x')
    chmodSync(join(root, 'closed'), 0)
    chmodSync(join(root, 'file'), 0)
    chmodSync(root, 0o755)
    const script = `
      import { createHost } from ${JSON.stringify(join(process.cwd(), 'modules/host/create-host.ts'))}
      if (process.getuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534) }
      const host = createHost({ root: process.argv[2] })
      const code = (call) => { try { call(); return 'read' } catch (error) { return error.code } }
      console.log(code(() => host.list('/closed')), code(() => host.open('/file')), code(() => host.list('/')))`
    expect(runTypeScript(script, [root])).toBe('permission-denied permission-denied read\n')
  })
})
