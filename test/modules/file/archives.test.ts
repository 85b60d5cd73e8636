import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { fileModule } from '../../../modules/file/index.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'
import { makeTar } from '../archive/make-tar.ts'
import { makeZip } from '../archive/make-zip.ts'
import { type Answer, s1, searchIn } from './search.ts'

const evil = 'public class JndiLookup {}\n'
const manifest = (version: string) => ({
  name: 'META-INF/MANIFEST.MF',
  content: `Manifest-Version: 1.0\r\nImplementation-Version: ${version}\r\n\r\n`,
})
const pom = (version: string) => ({
  name: 'META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties',
  content: `version=${version}\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\n`,
})
const log4j = makeZip([
  manifest('2.14.1'),
  pom('2.14.1'),
  { name: 'org/apache/JndiLookup.class', content: evil, mode: 0o100644 },
])
const fixed = makeZip([manifest('2.17.1'), pom('2.17.1')])
const war = makeZip([
  manifest('1.0'),
  { name: 'WEB-INF/lib/log4j.jar', content: log4j },
  { name: 'WEB-INF/lib/fixed.jar', content: fixed, isStored: true },
])
const tgz = gzipSync(
  makeTar([
    { name: 'etc/shadow', content: 'root:x\n', mode: 0o600, mtime: 1_600_000_000 },
    { name: 'opt/app.war', content: war },
  ]),
)

function tree(files: Readonly<Record<string, string | Buffer>>): string {
  const root = temporaryDirectory()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

let root = ''
beforeEach(() => {
  root = tree({
    'a/app.war': war,
    'a/backup.tgz': tgz,
    'a/app.log.gz': gzipSync('first line\nneedle in the log\n'),
    'a/plain': evil,
    'a/JndiLookup.class': 'on disk',
  })
})

const hitsOf = (answer: Answer) =>
  (answer.elements.s1 ?? [])
    .filter(({ file }) => file !== '')
    .map(({ file, entry }) => [file, ...(entry ?? [])].join('!/'))
    .sort()
const ask = async (search: object, options: object = {}) =>
  searchIn(root, s1({ paths: ['/a'], ...search }, { archives: true, ...options }))

describe('what lies in archives', () => {
  it('is found by name, at every depth', async () => {
    const answer = await ask({ names: ['^JndiLookup\\.class$'] })
    expect(answer.errors).toEqual([])
    expect(hitsOf(answer)).toEqual([
      '/a/JndiLookup.class',
      '/a/app.war!/WEB-INF/lib/log4j.jar!/org/apache/JndiLookup.class',
      '/a/backup.tgz!/backup.tar!/opt/app.war!/WEB-INF/lib/log4j.jar!/org/apache/JndiLookup.class',
    ])
  })

  it('is not looked at by a search that does not ask for it, though another does', async () => {
    const search = (archives: boolean) => ({
      paths: ['/a'],
      names: ['^Jndi'],
      options: { matchall: true, archives },
    })
    const answer = await searchIn(root, { searches: { s1: search(true), off: search(false) } })
    expect(hitsOf(answer)).toHaveLength(3)
    expect(answer.files('off')).toEqual(['/a/JndiLookup.class'])
  })

  it('is found by content, hash, and both', async () => {
    const md5 = createHash('md5').update(evil).digest('hex')
    const inside = [
      '/a/app.war!/WEB-INF/lib/log4j.jar!/org/apache/JndiLookup.class',
      '/a/backup.tgz!/backup.tar!/opt/app.war!/WEB-INF/lib/log4j.jar!/org/apache/JndiLookup.class',
    ]
    expect(hitsOf(await ask({ contents: ['^public class'] }))).toEqual([...inside, '/a/plain'].sort())
    expect(hitsOf(await ask({ md5: [md5] }))).toEqual([...inside, '/a/plain'].sort())
    expect(hitsOf(await ask({ contents: ['JndiLookup'], md5: [md5], names: ['class$'] }))).toEqual(inside)
    expect(hitsOf(await ask({ contents: ['^needle'] }))).toEqual(['/a/app.log.gz!/app.log'])
    expect(hitsOf(await ask({ names: ['^app\\.log$'], contents: ['!needle'] }))).toEqual([])
    const sha2 = createHash('sha256').update(war).digest('hex')
    expect(hitsOf(await ask({ sha2: [sha2] }))).toEqual([
      '/a/app.war',
      '/a/backup.tgz!/backup.tar!/opt/app.war',
    ])
  })

  it('is found by size, also where only decoding tells it', async () => {
    expect(hitsOf(await ask({ sizes: ['29'] }))).toEqual(['/a/app.log.gz!/app.log'])
    expect(hitsOf(await ask({ sizes: ['29'], contents: ['needle'] }))).toEqual(['/a/app.log.gz!/app.log'])
    expect(hitsOf(await ask({ sizes: ['30'], contents: ['needle'] }))).toEqual([])
    expect(hitsOf(await ask({ sizes: ['7'] }))).toEqual([
      '/a/JndiLookup.class',
      '/a/backup.tgz!/backup.tar!/etc/shadow',
    ])
  })

  it('passes no check on what its archive does not say, inverse ones neither', async () => {
    expect(hitsOf(await ask({ names: ['^app\\.log$'], modes: ['.'] }))).toEqual([])
    expect(hitsOf(await ask({ names: ['^app\\.log$'], modes: ['!x'] }))).toEqual([])
    expect(hitsOf(await ask({ names: ['^app\\.log$'], mtimes: ['<9999d'] }))).toEqual([])
    expect(
      hitsOf(await ask({ names: ['^shadow$'], modes: ['^-rw-------$'], mtimes: ['>30d'] })),
    ).toHaveLength(1)
  })

  it('has an element of its own form, and a line', async () => {
    const answer = await ask({ names: ['^shadow$'] }, { returnsha256: true })
    const [element] = answer.elements.s1 ?? []
    expect(element).toMatchObject({
      file: '/a/backup.tgz',
      entry: ['backup.tar', 'etc/shadow'],
      search: { names: ['^shadow$'], options: { archives: true } },
      fileinfo: {
        size: 7,
        mode: '-rw-------',
        lastmodified: '2020-09-13 12:26:40 +0000 UTC',
        sha256: createHash('sha256').update('root:x\n').digest('hex').toUpperCase(),
      },
    })
    const result = {
      foundanything: true,
      success: true,
      elements: answer.elements,
      statistics: null,
      errors: null,
    }
    expect(fileModule.render(result, { foundOnly: true })[0]).toMatch(
      /^\/a\/backup\.tgz!\/backup\.tar!\/etc\/shadow \[/,
    )
    const unknown = (await ask({ names: ['^app\\.log$'] })).elements.s1?.[0]
    expect(unknown?.fileinfo).toEqual({ size: -1, mode: '', lastmodified: '' })
    // On disk nothing has changed.
    expect((await ask({ names: ['^plain$'] })).elements.s1?.[0]).not.toHaveProperty('entry')
  })

  it('is tested by its kind where kinds are asked for', async () => {
    const kinds = tree({
      'x.tar': makeTar([
        { name: 'dir/', type: '5' },
        { name: 'link', type: '2' },
        { name: 'fifo', type: '6' },
        { name: 'file', content: 'x' },
      ]),
    })
    const find = async (types: string[]) =>
      hitsOf(
        await searchIn(
          kinds,
          s1({ paths: ['/'], types, names: ['^(dir|link|fifo|file)$'] }, { archives: true }),
        ),
      )
    expect(await find(['f,d'])).toEqual(['/x.tar!/dir/', '/x.tar!/file'])
    expect(await find(['f,p,l'])).toEqual(['/x.tar!/fifo', '/x.tar!/file', '/x.tar!/link'])
    expect(await find(['f'])).toEqual(['/x.tar!/file'])
    expect(await find(['d'])).toEqual([])
  })

  it('is shown with names that are no UTF-8 as bytes', async () => {
    const name = Buffer.from([0x61, 0xff])
    const odd = tree({ 'x.zip': makeZip([{ name, content: 'x' }]) })
    const answer = await searchIn(odd, s1({ paths: ['/'], names: ['^a'] }, { archives: true }))
    expect(answer.elements.s1?.[0]).toMatchObject({ entry: ['a\\xff'], rawentry: [name.toString('base64')] })
  })

  it('with matchany gives one element for each check', async () => {
    const answer = await ask({ names: ['^shadow$'], contents: ['^root'], sizes: ['7'] }, { matchall: false })
    expect(hitsOf(answer).filter((path) => path.endsWith('shadow'))).toHaveLength(3)
    expect(hitsOf(answer)).toHaveLength(4)
  })

  it('counts for the limits like files', async () => {
    const some = await ask({ names: ['.'] }, { matchlimit: 4 })
    expect(some.statistics.totalhits).toBe(4)
    expect(some.truncated).toBe(true)
    const depth = async (archivedepth: number) =>
      hitsOf(await ask({ names: ['^JndiLookup'] }, { archivedepth }))
    expect([(await depth(1)).length, (await depth(2)).length, (await depth(4)).length]).toEqual([1, 2, 3])
  })

  it('says what it could not look into, and that is no miss', async () => {
    const bad = tree({
      'locked.zip': makeZip([
        { name: 'secret', content: 'x', lies: { flags: 1 } },
        { name: 'open', content: 'x' },
      ]),
      'cut.tgz': tgz.subarray(0, 100),
      'deep.zip': war,
    })
    const answer = await searchIn(
      bad,
      s1({ paths: ['/'], contents: ['!nothing'] }, { archives: true, archivedepth: 1 }),
    )
    expect([...answer.errors].sort()).toEqual([
      'corrupt-data: /cut.tgz!/cut.tar',
      'encrypted: /locked.zip!/secret',
      'limit-reached: /cut.tgz!/cut.tar',
      'limit-reached: /deep.zip!/WEB-INF/lib/fixed.jar',
      'limit-reached: /deep.zip!/WEB-INF/lib/log4j.jar',
    ])
    expect(hitsOf(answer)).not.toContain('/locked.zip!/secret')
    expect(hitsOf(answer)).toContain('/locked.zip!/open')
  })
})

describe('the manifest', () => {
  const vulnerable = 'log4j-core:2\\.(\\d|1[0-6])\\.'
  it('of a jar on disk is looked at without archives, that of jars in it with them', async () => {
    const jars = tree({
      'log4j.jar': log4j,
      'fixed.jar': fixed,
      'app.war': war,
      'not.jar': evil,
      'x.gz': gzipSync('x'),
    })
    const find = async (manifests: string[], archives: boolean, matchall = true) =>
      hitsOf(await searchIn(jars, s1({ paths: ['/'], manifests }, { archives, matchall })))
    expect(await find([vulnerable], false)).toEqual(['/log4j.jar'])
    expect(await find([vulnerable], true)).toEqual(['/app.war!/WEB-INF/lib/log4j.jar', '/log4j.jar'])
    expect(await find(['^Implementation-Version: 2\\.17\\.1$'], true)).toEqual([
      '/app.war!/WEB-INF/lib/fixed.jar',
      '/fixed.jar',
    ])
    expect(await find([`!${vulnerable}`], false)).toEqual(['/app.war', '/fixed.jar'])
    expect(await find([vulnerable, '^Implementation-Version: 2'], false, false)).toEqual([
      '/fixed.jar',
      '/log4j.jar',
      '/log4j.jar',
    ])
  })

  it('goes with the other checks', async () => {
    const search = {
      manifests: [vulnerable],
      names: ['\\.jar$'],
      contents: ['!no such text'],
      sizes: ['<1m'],
    }
    expect(hitsOf(await ask(search))).toEqual([
      '/a/app.war!/WEB-INF/lib/log4j.jar',
      '/a/backup.tgz!/backup.tar!/opt/app.war!/WEB-INF/lib/log4j.jar',
    ])
  })

  it('that cannot be read is a problem and neither matches nor misses', async () => {
    const jars = tree({ 'bad.jar': makeZip([{ ...manifest('1'), lies: { crc: 1 } }]) })
    for (const regex of ['Version', '!Version']) {
      const answer = await searchIn(jars, s1({ paths: ['/'], manifests: [regex] }))
      expect(answer.errors).toEqual(['corrupt-data: /bad.jar'])
      expect(hitsOf(answer)).toEqual([])
    }
  })
})
