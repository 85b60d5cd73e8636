import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { MemorySource } from '../../../modules/archive/byte-source.ts'
import { readManifest } from '../../../modules/archive/read-manifest.ts'
import { walkArchive } from '../../../modules/archive/walk-archive.ts'
import { look, roomy, textsOf } from './look.ts'
import { makeZip } from './make-zip.ts'

const parts = [
  { name: 'a.txt', content: 'alpha\n' },
  { name: 'dir/b.txt', content: 'beta\n'.repeat(50_000) },
  { name: 'stored', content: 'as it is', isStored: true },
  { name: 'dir/', content: '' },
  { name: 'empty', content: '', isStored: true },
]
const texts = {
  'a.txt': 'alpha\n',
  'dir/b.txt': 'beta\n'.repeat(50_000),
  stored: 'as it is',
  empty: '',
}

describe('a zip', () => {
  it.each([
    ['as usual', makeZip(parts)],
    ['with a comment', makeZip(parts, { comment: 'hello PK\x05\x06 there' })],
    ['behind a program, offsets from its beginning', makeZip(parts, { prefix: Buffer.from('#!/bin/sh\n') })],
    [
      'behind a program, offsets from the zip',
      makeZip(parts, { prefix: Buffer.from('MZ..'), isShifted: true }),
    ],
    ['in 64 bits', makeZip(parts, { zip64: true })],
    ['in 64 bits, shifted', makeZip(parts, { zip64: true, prefix: Buffer.from('MZ..'), isShifted: true })],
  ])('is read %s', async (_, bytes) => {
    const seen = await look(bytes, { name: 'x.jar' })
    expect(seen.problems).toEqual([])
    expect(textsOf(seen)).toMatchObject(texts)
    expect(seen.entries.get('dir/')?.entry.kind).toBe('directory')
  })

  it('says what its directory says: sizes, time, mode and kind', async () => {
    const { entries } = await look(
      makeZip([
        { name: 'plain', content: 'x' },
        { name: 'setuid', content: 'x', mode: 0o104755 },
        { name: 'link', content: '/etc/passwd', mode: 0o120777, isStored: true },
      ]),
      { wants: () => false },
    )
    expect(entries.get('plain')?.entry).toMatchObject({ sizeBytes: 1, mode: undefined, kind: 'file' })
    expect(entries.get('plain')?.entry.mtimeNs).toBe(BigInt(Date.UTC(2025, 0, 1)) * 1_000_000n)
    expect(entries.get('setuid')?.entry).toMatchObject({ mode: 0o4755, kind: 'file' })
    expect(entries.get('link')?.entry.kind).toBe('link')
  })

  it('is read whatever a mode says, as Java reads it', async () => {
    const modes = [0o120777, 0o010644, 0o040755, 0o020666]
    const zip = makeZip(modes.map((mode) => ({ name: `${mode}`, content: 'evil', mode })))
    expect(Object.values(textsOf(await look(zip)))).toEqual(modes.map(() => 'evil'))
    expect(textsOf(await look(makeZip([{ name: 'dir/', content: 'evil' }])))).toEqual({ 'dir/': 'evil' })
    const denied = makeZip([{ name: 'dir/', content: 'evil', lies: { size: 0 } }])
    expect((await look(denied)).problems).toEqual(['corrupt-data dir/'])
  })

  it('keeps names that are no UTF-8, hostile or the same', async () => {
    const names = [
      Buffer.from([0xff, 0xfe]),
      Buffer.from('../../etc/passwd'),
      Buffer.from('/abs'),
      Buffer.from('a\0b'),
    ]
    const { entries } = await look(makeZip(names.map((name) => ({ name, content: 'x' }))))
    expect([...entries.values()].map(({ entry }) => entry.name)).toEqual(names)
  })

  it('is found in jars in jars, packed or as they are, and jars hidden under other names', async () => {
    const inner = makeZip([{ name: 'JndiLookup.class', content: 'evil' }])
    const middle = makeZip([
      { name: 'lib/log4j.jar', content: inner, isStored: true },
      { name: 'lib/hidden.dat', content: inner },
    ])
    const seen = await look(makeZip([{ name: 'app.war', content: middle }]), { wants: () => false })
    expect([...seen.entries.keys()].sort()).toEqual([
      'app.war',
      'app.war!/lib/hidden.dat',
      'app.war!/lib/hidden.dat!/JndiLookup.class',
      'app.war!/lib/log4j.jar',
      'app.war!/lib/log4j.jar!/JndiLookup.class',
    ])
    const read = textsOf(await look(makeZip([{ name: 'app.war', content: middle }])))
    expect(read['app.war!/lib/log4j.jar!/JndiLookup.class']).toBe('evil')
    expect(read['app.war']).toBe(middle.toString('latin1'))
  })

  it('in a jar may begin with something else when its name says what it is', async () => {
    const inner = makeZip([{ name: 'in', content: 'x' }], {
      prefix: Buffer.from('#!/bin/sh\n'),
      isShifted: true,
    })
    const seen = await look(makeZip([{ name: 'run.jar', content: inner }]))
    expect(textsOf(seen)['run.jar!/in']).toBe('x')
  })

  it('gives the manifest and the Maven projects of each jar', async () => {
    const manifest =
      'Manifest-Version: 1.0\r\nImplementation-Version: 2.14\r\n .1\r\n\r\nName: x/\r\nSealed: true\r\n'
    const pom = '#Generated\nversion=2.14.1\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\n'
    const jar = makeZip([
      { name: 'META-INF/MANIFEST.MF', content: manifest },
      { name: 'META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties', content: pom },
    ])
    const { entries } = await look(makeZip([{ name: 'lib/a.jar', content: jar }]))
    expect(entries.get('lib/a.jar')?.manifest).toEqual([
      'Manifest-Version: 1.0',
      'Implementation-Version: 2.14.1',
      'org.apache.logging.log4j:log4j-core:2.14.1',
    ])
  })
})

describe('the end of a zip', () => {
  const entry = { name: 'in', content: 'x' }
  const noEntries = makeZip([])

  it('in a comment hides nothing', async () => {
    const zip = makeZip([entry], { comment: `${noEntries.toString('latin1')} and more` })
    expect(textsOf(await look(zip, { name: 'x.jar' }))).toEqual({ in: 'x' })
    // A comment that is longer than it says is padded, which Java reads.
    const padded = Buffer.concat([makeZip([entry], { comment: 'x' }), Buffer.alloc(100)])
    expect(textsOf(await look(padded))).toEqual({ in: 'x' })
  })

  it('in 64 bits that says something else than that in 32 is none', async () => {
    const wide = makeZip([], { zip64: true })
    const zip = makeZip([{ ...entry, comment: wide.subarray(0, 76) }])
    const seen = await look(zip)
    expect(textsOf(seen)).toEqual({ in: 'x' })
    expect(seen.problems).toEqual([])
  })

  it('that is missing is said, on disk and inside', async () => {
    const cut = makeZip([entry]).subarray(0, -30)
    expect((await look(cut)).problems).toEqual(['corrupt-data'])
    expect((await look(makeZip([{ name: 'cut.jar', content: cut }]))).problems).toEqual([
      'corrupt-data cut.jar',
    ])
    expect((await look(Buffer.from('no zip'), { name: 'x.jar' })).problems).toEqual([])
    const source = new MemorySource(cut)
    await expect(readManifest(source, Buffer.from('x'), roomy)).rejects.toMatchObject({
      code: 'corrupt-data',
    })
  })
})

describe('the manifest', () => {
  const lines = (count: number) => ({ name: 'META-INF/MANIFEST.MF', content: 'a: b\n'.repeat(count) })
  const manifestOf = async (parts: Parameters<typeof makeZip>[0], limits = {}) =>
    readManifest(new MemorySource(makeZip(parts)), Buffer.from('x'), { ...roomy, ...limits })

  it('may have more lines than a call takes arguments', async () => {
    expect(await manifestOf([lines(200_000)])).toHaveLength(200_000)
  })

  it('is bounded altogether, however many there are', async () => {
    const three = Array.from({ length: 3 }, () => lines(200_000))
    expect(await manifestOf(three)).toHaveLength(600_000)
    await expect(manifestOf([...three, ...three])).rejects.toMatchObject({ code: 'too-large' })
  })

  it('is looked for among as many entries as an archive may have', async () => {
    const entries = ['a', 'b', 'c'].map((name) => ({ name, content: '' }))
    expect(await manifestOf(entries, { maxEntries: 3 })).toEqual([])
    await expect(manifestOf(entries, { maxEntries: 2 })).rejects.toMatchObject({ code: 'limit-reached' })
  })
})

describe('what is wrong with a zip is said, and the rest is read', () => {
  const good = { name: 'good', content: 'good' }
  it.each([
    ['encrypted', { name: 'bad', content: 'x', lies: { flags: 1 } }, 'encrypted bad'],
    ['AES', { name: 'bad', content: 'x', lies: { method: 99 } }, 'encrypted bad'],
    ['an unknown method', { name: 'bad', content: 'x', lies: { method: 6 } }, 'not-supported-here bad'],
    ['a wrong sum', { name: 'bad', content: 'x', lies: { crc: 1 } }, 'corrupt-data bad'],
    ['fewer bytes than promised', { name: 'bad', content: 'x', lies: { size: 2 } }, 'corrupt-data bad'],
    ['a place beyond the end', { name: 'bad', content: 'x', lies: { offset: 99_999 } }, 'corrupt-data bad'],
    [
      'more than there is',
      { name: 'bad', content: 'x', isStored: true, lies: { packed: 9999 } },
      'corrupt-data bad',
    ],
    [
      'no deflate',
      { name: 'bad', content: '\xff\xff\xff', isStored: true, lies: { method: 8 } },
      'corrupt-data bad',
    ],
  ])('%s', async (_, bad, problem) => {
    const seen = await look(makeZip([bad, good]))
    expect(seen.problems).toContain(problem)
    expect(seen.entries.get('bad')?.content).toBeUndefined()
    expect(seen.entries.get('good')?.content?.toString()).toBe('good')
  })

  it('an entry that is larger than it says is read to its end all the same', async () => {
    let read = 0
    const content = Buffer.alloc(100_000, 'needle ')
    const zip = makeZip([{ name: 'bad', content, lies: { size: 10 } }])
    const seen = await look(zip, { breathe: () => undefined, wants: () => true })
    expect(seen.problems).toEqual(['corrupt-data bad'])
    const visitor = {
      entry: () => ({
        wantsMore: true,
        wantsManifest: false,
        isSettledBy: () => false,
        push: async (piece: Buffer) => {
          read += piece.length
          return true
        },
        manifest: () => undefined,
        end: async () => undefined,
      }),
      problem: () => undefined,
      breathe: () => undefined,
    }
    await walkArchive(new MemorySource(zip), Buffer.from('x'), visitor, roomy)
    expect(read).toBe(content.length)
  })

  it('entries that share bytes, as bombs do', async () => {
    const zip = makeZip([
      { name: 'a', content: 'x'.repeat(100) },
      { name: 'b', content: 'x'.repeat(100), lies: { offset: 0 } },
    ])
    expect((await look(zip)).problems).toEqual(['corrupt-data'])
  })

  it.each([
    ['cut', (zip: Buffer) => zip.subarray(10)],
    ['without its directory', (zip: Buffer) => Buffer.concat([zip.subarray(0, 40), zip.subarray(-22)])],
  ])('a zip that is %s', async (_, spoil) => {
    const { problems } = await look(spoil(makeZip([good, { name: 'b', content: 'x'.repeat(100) }])))
    expect(problems[0]).toMatch(/^corrupt-data/)
  })
})

describe('bounds', () => {
  const bomb = makeZip([
    { name: 'zeros', content: Buffer.alloc(4_000_000) },
    { name: 'behind', content: 'needle' },
  ])

  it('of one entry end that entry', async () => {
    for (const limits of [{ maxEntryBytes: 1_000_000 }, { bytesBeforeRatio: 1000, maxRatio: 100 }]) {
      const seen = await look(bomb, { limits })
      expect(seen.problems).toEqual(['too-large zeros'])
      expect(seen.entries.get('zeros')?.content).toBeUndefined()
      expect(textsOf(seen).behind).toBe('needle')
    }
  })

  it('of everything end everything', async () => {
    const seen = await look(bomb, { limits: { maxTotalBytes: 1_000_000 } })
    expect(seen.problems).toEqual(['too-large zeros'])
    expect(seen.entries.has('behind')).toBe(false)
  })

  it('of entries, both sides', async () => {
    const nested = makeZip([{ name: 'in.zip', content: makeZip([{ name: 'a' }, { name: 'b' }]) }])
    expect((await look(nested, { limits: { maxEntries: 3 } })).problems).toEqual([])
    const seen = await look(nested, { limits: { maxEntries: 2 } })
    expect(seen.problems).toEqual(['limit-reached in.zip'])
  })

  it('of depth, both sides: what lies deeper is still an entry', async () => {
    const one = makeZip([{ name: 'deep', content: 'x' }])
    const two = makeZip([{ name: '2.zip', content: one }])
    const three = makeZip([{ name: '3.gz', content: gzipSync(two) }])
    expect((await look(three, { limits: { maxDepth: 4 } })).problems).toEqual([])
    const seen = await look(three, { limits: { maxDepth: 3 } })
    expect(seen.problems).toEqual(['limit-reached 3.gz!/3!/2.zip'])
    expect(seen.entries.get('3.gz!/3!/2.zip')?.content).toEqual(one)
  })

  it('of memory: a packed zip that is too large to be held is an entry and a problem', async () => {
    const inner = makeZip([{ name: 'in', content: Buffer.alloc(100_000, 'x'), isStored: true }])
    const zip = makeZip([
      { name: 'big.zip', content: inner },
      { name: 'behind', content: 'y' },
    ])
    const seen = await look(zip, { limits: { maxHeldBytes: 100_000 } })
    expect(seen.problems).toEqual(['too-large big.zip'])
    expect(seen.entries.get('big.zip')?.content).toEqual(inner)
    expect(textsOf(seen).behind).toBe('y')
    const lying = makeZip([{ name: 'big.zip', content: inner, isStored: true }])
    expect((await look(lying, { limits: { maxHeldBytes: 0 } })).problems).toEqual([])
  })

  it('it stops when it is told to', async () => {
    let left = 3
    const zip = makeZip(Array.from({ length: 10 }, (_, k) => ({ name: `${k}`, content: 'x' })))
    const seen = await look(zip, { breathe: () => Promise.resolve(--left >= 0) })
    expect(seen.entries.size).toBe(3)
    expect(seen.problems).toEqual([])
  })
})
