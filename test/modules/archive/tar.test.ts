import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { look, textsOf } from './look.ts'
import { makeTar, paxRecord, tarHeader } from './make-tar.ts'
import { makeZip } from './make-zip.ts'

describe('a tar', () => {
  it('is read with what its headers say', async () => {
    const tar = makeTar([
      { name: 'etc/passwd', content: 'root', mode: 0o4755, uid: 7, gid: 8, mtime: 1_600_000_000 },
      { name: 'dir/', type: '5' },
      { name: 'link', type: '2' },
      { name: 'hard', type: '1' },
      { name: 'fifo', type: '6' },
      { name: 'long/'.repeat(30), prefix: 'in/the/prefix', content: 'x'.repeat(513), type: '0' },
      { name: 'last', content: 'y'.repeat(512) },
    ])
    const seen = await look(tar)
    expect(seen.problems).toEqual([])
    expect(seen.entries.get('etc/passwd')?.entry).toMatchObject({
      kind: 'file',
      mode: 0o4755,
      uid: 7,
      gid: 8,
      sizeBytes: 4,
      mtimeNs: 1_600_000_000_000_000_000n,
    })
    expect(['dir/', 'link', 'hard', 'fifo'].map((name) => seen.entries.get(name)?.entry.kind)).toEqual([
      'directory',
      'link',
      'link',
      'fifo',
    ])
    expect(textsOf(seen)).toMatchObject({ 'etc/passwd': 'root', last: 'y'.repeat(512) })
  })

  it('has long names of GNU and of pax, and sizes and times of pax', async () => {
    const long = 'n/'.repeat(300)
    const pax = Buffer.concat([
      paxRecord('path', `${long}pax`),
      paxRecord('mtime', '1600000000.25'),
      paxRecord('size', '3'),
    ])
    const tar = makeTar([
      { name: '././@LongLink', type: 'L', content: `${long}gnu\0` },
      { name: 'short', content: 'gnu' },
      { name: 'PaxHeaders/x', type: 'x', content: pax },
      { name: 'short', content: 'pax' },
      { name: 'after', content: 'x' },
    ])
    const seen = await look(tar)
    expect(textsOf(seen)).toEqual({ [`${long}gnu`]: 'gnu', [`${long}pax`]: 'pax', after: 'x' })
    expect(seen.entries.get(`${long}pax`)?.entry.mtimeNs).toBe(1_600_000_000_250_000_000n)
  })

  it('in gzip is an entry itself, and archives in it are entered', async () => {
    const jar = makeZip([{ name: 'A.class', content: 'cafe' }])
    const tar = makeTar([
      { name: 'a', content: 'one' },
      { name: 'lib.jar', content: jar },
      { name: 'b', content: 'two' },
    ])
    const seen = await look(gzipSync(tar), { name: 'backup.tgz' })
    expect(seen.problems).toEqual([])
    expect(textsOf(seen)).toMatchObject({
      'backup.tar!/a': 'one',
      'backup.tar!/lib.jar!/A.class': 'cafe',
      'backup.tar!/b': 'two',
    })
    expect(seen.entries.get('backup.tar')?.content).toEqual(tar)
    const names = await look(gzipSync(tar), { name: 'backup.tgz', wants: () => false })
    expect([...names.entries.keys()].sort()).toEqual([...seen.entries.keys()].sort())
  })

  it('says of sparse files that they cannot be read, and reads on', async () => {
    const pax = paxRecord('GNU.sparse.major', '1')
    const old = tarHeader({ name: 'old', type: 'S', content: 'data' })
    const tar = Buffer.concat([
      old,
      Buffer.from('data'.padEnd(512, '\0')),
      makeTar([
        { name: 'PaxHeaders/x', type: 'x', content: pax },
        { name: 'new', content: 'data' },
        { name: 'after', content: 'x' },
      ]),
    ])
    const seen = await look(tar)
    expect(seen.problems).toEqual(['not-supported-here old', 'not-supported-here new'])
    expect(textsOf(seen)).toEqual({ old: undefined, new: undefined, after: 'x' })
  })

  it('of which nobody wants the bytes is left when it is time, not at its end', async () => {
    const sizeBytes = 512 * 1024 * 1024
    const header = tarHeader({ name: 'disk.img', sizeBytes })
    let read = 0
    const source = {
      sizeBytes: 512 + sizeBytes,
      readAt(buffer: Uint8Array, position: number) {
        buffer.fill(0)
        buffer.set(header.subarray(position, position + buffer.length))
        read += buffer.length
        return buffer.length
      },
    }
    let left = 10
    const seen = await look(source, { wants: () => false, breathe: () => Promise.resolve(--left >= 0) })
    expect([...seen.entries.keys()]).toEqual(['disk.img'])
    expect(seen.problems).toEqual([])
    expect(read).toBeLessThan(1024 * 1024)
  })

  it('whose name ends like that of a directory has as many bytes as pax says', async () => {
    const hidden = Buffer.concat([Buffer.alloc(1024), Buffer.alloc(512, 'x')])
    const tar = Buffer.concat([
      makeTar([{ name: 'PaxHeaders/x', type: 'x', content: paxRecord('size', `${hidden.length}`) }]).subarray(
        0,
        1024,
      ),
      tarHeader({ name: 'x/' }),
      hidden,
      makeTar([{ name: 'after', content: 'x' }]),
    ])
    const seen = await look(tar)
    expect(textsOf(seen)).toEqual({ 'x/': undefined, after: 'x' })
    expect(seen.problems).toEqual([])
  })

  it.each([
    ['cut in its bytes', (tar: Buffer) => tar.subarray(0, 700), 'corrupt-data one'],
    ['cut in a header', (tar: Buffer) => tar.subarray(0, 1300), 'corrupt-data'],
    [
      'damaged',
      (tar: Buffer) => Buffer.concat([tar.subarray(0, 1024), Buffer.alloc(1024, 'z')]),
      'corrupt-data',
    ],
  ])('that is %s is read as far as it goes', async (_, spoil, problem) => {
    const tar = makeTar([
      { name: 'one', content: 'x'.repeat(300) },
      { name: 'two', content: 'y' },
    ])
    const seen = await look(spoil(tar))
    expect(seen.problems[0]).toBe(problem)
    expect(seen.entries.has('one')).toBe(true)
    expect(seen.entries.has('two')).toBe(false)
  })

  it.each([
    ['a record without its length', 'path=x\n'],
    ['a length beyond the end', '99 path=x\n'],
    ['a size that is none', '12 size=abc\n'],
  ])('with %s is corrupt', async (_, content) => {
    const seen = await look(
      makeTar([
        { name: 'p', type: 'x', content },
        { name: 'f', content: 'abc' },
      ]),
    )
    expect(seen.problems).toEqual(['corrupt-data'])
  })
})

describe('bzip2', () => {
  it('of many streams with nothing in them takes no time', async () => {
    const empty = Buffer.from('425a683917724538509000000000', 'hex')
    const seen = await look(Buffer.concat(Array.from({ length: 100_000 }, () => empty)), { name: 'x.bz2' })
    expect(textsOf(seen)).toEqual({ x: '' })
  })
})

describe('gzip', () => {
  it('of several members is one stream, named after its file', async () => {
    const seen = await look(Buffer.concat([gzipSync('one\n'), gzipSync('two\n')]), { name: 'app.log.gz' })
    expect(textsOf(seen)).toEqual({ 'app.log': 'one\ntwo\n' })
    expect(seen.entries.get('app.log')?.entry.sizeBytes).toBeUndefined()
  })

  it.each([
    ['x.gz', 'x'],
    ['x.TGZ', 'x.tar'],
    ['x', 'x'],
    ['.gz', '.gz'],
  ])('%s is called %s when it is decoded', async (name, decoded) => {
    const seen = await look(gzipSync('x'), { name })
    expect([...seen.entries.keys()]).toEqual([decoded])
  })

  it('that is cut is corrupt, what came before is read', async () => {
    const whole = gzipSync(Buffer.alloc(300_000, 'some text '), { level: 0 })
    const seen = await look(whole.subarray(0, -20), { name: 'x.gz' })
    expect(seen.problems).toEqual(['corrupt-data x'])
    expect(seen.entries.get('x')?.content).toBeUndefined()
  })

  it('that is a bomb is too large', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    const seen = await look(bomb, { name: 'x.gz', limits: { bytesBeforeRatio: 1_000_000 } })
    expect(seen.problems).toEqual(['too-large x'])
  })
})
