import { execFileSync } from 'node:child_process'
import { chownSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { Packages } from '../../../modules/file/criteria/packages.ts'
import { planSearches } from '../../../modules/file/search-plan.ts'
import { createHost } from '../../../modules/host/create-host.ts'
import { HostError } from '../../../modules/host/host.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'
import { makeTar } from '../archive/make-tar.ts'
import { s1, searchIn } from './search.ts'

const isRoot = process.getuid?.() === 0

function tree(files: Readonly<Record<string, string | Buffer>>): string {
  const root = temporaryDirectory()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

const ask = async (root: string, search: object, options: object = {}) =>
  searchIn(root, s1({ paths: ['/'], ...search }, options))

describe('exclude', () => {
  const files = {
    'a/1': '',
    'a/b/2': '',
    'a/bc/3': '',
    'node_modules/x/4': '',
    'd/node_modules/5': '',
    'd/keep.bak': '',
  }
  it.each([
    [['/a/b'], ['/a/1', '/a/bc/3', '/d/keep.bak', '/d/node_modules/5', '/node_modules/x/4']],
    [
      ['/a/1', '/node_modules'],
      ['/a/b/2', '/a/bc/3', '/d/keep.bak', '/d/node_modules/5'],
    ],
    [
      ['(^|/)node_modules$', '\\.bak$'],
      ['/a/1', '/a/b/2', '/a/bc/3'],
    ],
    [['/'], []],
  ])('%j leaves %j', async (excludes, left) => {
    const answer = await ask(tree(files), { names: ['.'], excludes })
    expect(answer.files()).toEqual(left)
    expect(answer.errors).toEqual([])
  })

  it('is that of its own search, and wins over a path inside', async () => {
    const options = { matchall: true }
    const answer = await searchIn(tree(files), {
      searches: {
        s1: { paths: ['/a', '/a/b'], names: ['.'], excludes: ['/a/b'], options },
        all: { paths: ['/a'], names: ['.'], options },
      },
    })
    expect(answer.files()).toEqual(['/a/1', '/a/bc/3'])
    expect(answer.files('all')).toEqual(['/a/1', '/a/b/2', '/a/bc/3'])
  })
})

describe('type', () => {
  function odd(): string {
    const root = tree({ 'd/file': 'x', 'd/e/in': 'x' })
    symlinkSync('file', join(root, 'd/link'))
    symlinkSync('nowhere', join(root, 'd/broken'))
    symlinkSync('e', join(root, 'd/dirlink'))
    execFileSync('mkfifo', [join(root, 'd/fifo')])
    return root
  }
  it.each([
    ['f', ['/d/e/in', '/d/file']],
    ['d', ['/d', '/d/e']],
    ['l', ['/d/broken', '/d/dirlink', '/d/link']],
    ['p', ['/d/fifo']],
    ['p,d', ['/d', '/d/e', '/d/fifo']],
    ['s', []],
  ])('%s is %j', async (type, files) => {
    const answer = await searchIn(odd(), s1({ paths: ['/d'], types: [type] }))
    expect(answer.files()).toEqual(files)
    expect(answer.errors).toEqual([])
  })

  it('of sockets and devices', async () => {
    const root = odd()
    const server = createServer().listen(join(root, 'd/sock'))
    await new Promise((resolve) => server.once('listening', resolve))
    expect((await ask(root, { types: ['s'] })).files()).toEqual(['/d/sock'])
    server.close()
    const devices = await searchIn(
      '/',
      s1({ paths: ['/dev'], types: ['c'], names: ['^null$'] }, { maxdepth: 1 }),
    )
    expect(devices.files()).toEqual(['/dev/null'])
    expect(devices.elements.s1?.[0]?.fileinfo.mode).toMatch(/^Dc/)
  })

  it('goes with other checks, and searches without it see what they always saw', async () => {
    const options = { matchall: true }
    const answer = await searchIn(odd(), {
      searches: {
        s1: { paths: ['/'], types: ['l'], names: ['^link$'], options },
        plain: { paths: ['/'], names: ['link'], options },
        content: { paths: ['/'], types: ['f'], contents: ['x'], options },
      },
    })
    expect(answer.files()).toEqual(['/d/link'])
    expect(answer.elements.s1?.[0]?.fileinfo.mode).toMatch(/^L/)
    expect(answer.files('plain')).toEqual(['/d/link'])
    expect(answer.elements.plain?.[0]?.fileinfo.mode).toMatch(/^-/)
    expect(answer.files('content')).toEqual(['/d/e/in', '/d/file'])
  })
})

describe.skipIf(!isRoot)('owner and group', () => {
  const etc = {
    'etc/passwd': 'root:x:0:0::/root:/bin/sh\nann:x:1001:7::/home/ann:/bin/sh\n',
    'etc/group': 'staff:x:7:\n',
  }
  function owned(): string {
    const root = tree({ ...etc, 'd/ann': '', 'd/root': '', 'd/gone': '' })
    chownSync(join(root, 'd/ann'), 1001, 7)
    chownSync(join(root, 'd/gone'), 4242, 4243)
    return root
  }
  it.each([
    [{ owners: ['ann'] }, ['/d/ann']],
    [{ owners: ['1001'] }, ['/d/ann']],
    [{ owners: ['!root'] }, ['/d/ann', '/d/gone']],
    [{ owners: ['4242'] }, ['/d/gone']],
    [{ groups: ['staff'] }, ['/d/ann']],
    [{ groups: ['!0', '!7'] }, ['/d/gone']],
  ])('%j is %j', async (search, files) => {
    const answer = await searchIn(owned(), s1({ paths: ['/d'], ...search }))
    expect(answer.files()).toEqual(files)
    expect(answer.errors).toEqual([])
  })

  it('that the endpoint does not know is said, and is no miss', async () => {
    for (const search of [{ owners: ['bøb€'] }, { owners: ['!bøb€'] }]) {
      const answer = await searchIn(owned(), s1({ paths: ['/d'], ...search }))
      expect(answer.errors).toEqual(['not-resolved: owners bøb€'])
      expect(answer.elements.s1).toBeUndefined()
    }
  })

  it('of entries of a tar are its numbers', async () => {
    const root = tree({
      ...etc,
      'd/x.tar': makeTar([
        { name: 'a', uid: 1001 },
        { name: 'b', uid: 5 },
      ]),
    })
    const answer = await searchIn(root, s1({ paths: ['/d'], owners: ['ann'] }, { archives: true }))
    expect(answer.elements.s1?.map(({ entry }) => entry)).toEqual([['a']])
  })
})

describe('times and links', () => {
  const now = Date.now()
  it('atime is when it was read, ctime and btime when the fixture was made', async () => {
    const root = tree({ old: '', fresh: '' })
    utimesSync(join(root, 'old'), (now - 10 * 86_400_000) / 1000, now / 1000)
    const find = async (search: object) =>
      (await searchIn(root, s1({ paths: ['/'], ...search }), { now })).files()
    expect(await find({ atimes: ['>5d'] })).toEqual(['/old'])
    expect(await find({ atimes: ['<5d'] })).toEqual(['/fresh'])
    expect(await find({ ctimes: ['<1h'] })).toEqual(['/fresh', '/old'])
    expect(await find({ ctimes: ['>1h'] })).toEqual([])
    expect(await find({ btimes: ['>1h'] })).toEqual([])
  })

  it('links counts the names of a file', async () => {
    const root = tree({ one: 'x', two: 'x' })
    linkSync(join(root, 'two'), join(root, 'other'))
    const find = async (links: string) => (await ask(root, { links: [links], types: ['f'] })).files()
    expect([await find('1'), await find('>2'), await find('<1'), await find('2')]).toEqual([
      ['/one'],
      ['/other', '/two'],
      ['/one'],
      ['/other', '/two'],
    ])
  })
})

describe('entropy', () => {
  it('tells what is packed from what is text, and both from one byte', async () => {
    const packed = gzipSync(Array.from({ length: 20_000 }, (_, k) => (k * 7919) % 10_007).join(' '))
    const root = tree({
      packed,
      text: 'the quick brown fox '.repeat(1000),
      zeros: Buffer.alloc(300_000),
      empty: '',
    })
    const find = async (entropies: string[], more: object = {}, options: object = {}) =>
      (await ask(root, { entropies, ...more }, options)).files()
    expect(await find(['>7.5'])).toEqual(['/packed'])
    expect(await find(['>3', '<5'])).toEqual(['/text'])
    expect(await find(['<0'])).toEqual(['/empty', '/zeros'])
    expect(await find(['<5'], { contents: ['fox'] })).toEqual(['/text'])
    expect(await find(['>7.5'], { contents: ['fox'] })).toEqual([])
    expect(await find(['>7.5'], { contents: ['fox'] }, { matchall: false })).toEqual(['/packed', '/text'])
    const [element] = (await ask(root, { entropies: ['>7.5'] }, { returnsha256: true })).elements.s1 ?? []
    expect(element?.fileinfo.sha256).toHaveLength(64)
  })
})

describe('packaged', () => {
  it.each([
    [
      'dpkg',
      {
        'var/lib/dpkg/info/a.list': '/.\n/usr\n/usr/bin/tool\n/bin/sh\n',
        'var/lib/dpkg/diversions': '/usr/bin/x\n/usr/bin/x.old\ndash\n',
      },
    ],
    ['apk', { 'lib/apk/db/installed': 'P:a\nF:usr/bin\nR:tool\nR:sh\nR:x.old\n\n' }],
    [
      'pacman',
      {
        'var/lib/pacman/local/a-1/files':
          '%FILES%\nusr/\nusr/bin/\nusr/bin/tool\nusr/bin/sh\nusr/bin/x.old\n\n%BACKUP%\nusr/bin/evil\n',
      },
    ],
  ])('%s', async (_, database) => {
    const root = tree({
      ...database,
      'usr/bin/tool': '',
      'usr/bin/sh': '',
      'usr/bin/x.old': '',
      'usr/bin/evil': '',
    })
    symlinkSync('usr/bin', join(root, 'bin'))
    const find = async (answer: string) => {
      const { files, errors } = await searchIn(root, s1({ paths: ['/usr'], packaged: [answer] }))
      expect(errors).toEqual([])
      return files()
    }
    expect(await find('yes')).toEqual(['/usr/bin/sh', '/usr/bin/tool', '/usr/bin/x.old'])
    expect(await find('no')).toEqual(['/usr/bin/evil'])
  })

  it('is told by any path to a file, also through the links of a merged /usr', async () => {
    const root = tree({
      'var/lib/dpkg/info/a.list': '/lib/d/tool\n',
      'usr/lib/d/tool': '',
      'usr/lib/d/evil': '',
    })
    symlinkSync('usr/lib', join(root, 'lib'))
    for (const path of ['/lib/d', '/usr/lib/d']) {
      const answer = await searchIn(root, s1({ paths: [path], packaged: ['no'] }))
      expect(answer.files()).toEqual([`${path}/evil`])
    }
  })

  it('with a list that cannot be read is a problem of each file, and the lists are read once', () => {
    const real = createHost({ root: tree({ 'var/lib/dpkg/info/a.list/no-file': '' }) })
    let reads = 0
    const host = new Proxy(real, {
      get: (target, key) => {
        if (key === 'readFile') reads += 1
        const value = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const packages = new Packages(host)
    for (let k = 0; k < 3; k++) expect(() => packages.has('/x')).toThrow(HostError)
    expect(reads).toBe(1)
  })

  it.each([
    ['no database', { file: '' }],
    ['that of dpkg without a package', { file: '', 'var/lib/dpkg/info/format': '1\n' }],
  ])('with %s is not known: neither yes nor no, and that is said', async (_, files) => {
    const root = tree(files)
    for (const packaged of ['yes', 'no']) {
      const answer = await ask(root, { packaged: [packaged] })
      expect(answer.errors).toEqual(['not-supported-here: packaged'])
      expect(answer.elements.s1).toBeUndefined()
    }
  })

  it('agrees with dpkg on this machine', async () => {
    const answer = await searchIn(
      '/',
      s1({ paths: ['/usr/bin'], packaged: ['yes'], types: ['f'], names: ['^(ls|bash)$'] }),
    )
    if (answer.errors.length === 0) expect(answer.files()).toContain('/usr/bin/bash')
  })
})

describe('what no endpoint can see yet', () => {
  it.each([
    ['xattrs', '.'],
    ['capabilities', 'cap_net_raw'],
    ['immutable', 'yes'],
  ])('%s is refused aloud, never answered', async (field, value) => {
    const root = tree({ file: '' })
    const answer = await ask(root, { [field]: [value] })
    expect(answer.errors).toEqual([`not-supported-here: ${field}`])
    expect(answer.elements).toEqual({})
    const any = await ask(root, { [field]: [value], names: ['file', 'nope'] }, { matchall: false })
    expect(any.elements.s1?.map(({ file }) => file)).toEqual(['/file', ''])
  })
})

describe('every home directory', () => {
  const passwd = [
    'root:x:0:0::/root:/bin/sh',
    'daemon:x:1:1::/:/sbin/nologin',
    'ann:x:1001:1::/home/ann:/bin/sh',
    'twin:x:1002:1::/home/ann/:/bin/sh',
    'gone:x:1003:1::/home/gone:/bin/sh',
    'db:x:99:1::/var/lib/db:/bin/false',
  ].join('\n')
  it('is meant by ~*, with a path below or alone', async () => {
    const root = tree({
      'etc/passwd': passwd,
      'root/.ssh/authorized_keys': 'x',
      'home/ann/.ssh/authorized_keys': 'x',
      'home/ann/other': 'x',
      'home/nobody/.ssh/authorized_keys': 'x',
      'var/lib/db/.ssh/authorized_keys': 'x',
    })
    const below = await searchIn(root, s1({ paths: ['~*/.ssh'], names: ['.'] }))
    expect(below.errors).toEqual([])
    expect(below.files()).toEqual([
      '/home/ann/.ssh/authorized_keys',
      '/root/.ssh/authorized_keys',
      '/var/lib/db/.ssh/authorized_keys',
    ])
    expect(below.elements.s1?.[0]?.search.paths).toEqual(['~*/.ssh'])
    expect((await searchIn(root, s1({ paths: ['~*'], names: ['^other$'] }))).files()).toEqual([
      '/home/ann/other',
    ])
    expect((await searchIn(root, s1({ paths: ['~*/../..'], names: ['^other$'] }))).files()).toEqual([
      '/home/ann/other',
    ])
  })
})

describe('homes', () => {
  it('that no list tells of are a problem, not just none', async () => {
    const answer = await searchIn(tree({ 'root/x': '' }), s1({ paths: ['~*'], names: ['x'] }))
    expect(answer.errors).toEqual(['not-resolved: paths ~*'])
  })
})

it('xdev on a machine that does not tell what is mounted is a problem', () => {
  const host = Object.create(createHost({ root: tree({}) }), { mounts: { value: () => [] } })
  const plan = (xdev: boolean) =>
    planSearches({ searches: { s1: { paths: ['/'], options: { xdev } } } }, Date.now(), host)[0]?.problems
  expect(plan(true)).toEqual([{ code: 'not-supported-here', about: 'xdev' }])
  expect(plan(false)).toEqual([])
})

describe.skipIf(!isRoot)('xdev', () => {
  it('stays out of what is mounted below', async () => {
    const options = { matchall: true, maxdepth: 2 }
    const search = { paths: ['/'], types: ['d'], names: ['^(shm|pts|etc)$'] }
    const answer = await searchIn('/', {
      searches: { s1: { ...search, options: { ...options, xdev: true } }, all: { ...search, options } },
    })
    expect(answer.files()).toContain('/etc')
    expect(answer.files('all')).toContain('/dev/shm')
    expect(answer.files()).not.toContain('/dev/shm')
    expect(answer.files()).not.toContain('/dev/pts')
  })
})
