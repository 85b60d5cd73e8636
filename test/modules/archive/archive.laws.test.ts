import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemorySource } from '../../../modules/archive/byte-source.ts'
import { HostError } from '../../../modules/host/host.ts'
import { look, textsOf } from './look.ts'
import { makeTar } from './make-tar.ts'
import { makeZip } from './make-zip.ts'
import { bzip2Sample, xzSample, zstdSample } from './samples.ts'

const inner = makeZip([{ name: 'in', content: 'inner' }])
const tar = makeTar([
  { name: 'a', content: 'x'.repeat(600) },
  { name: 'b.zip', content: inner },
])
const archives: Readonly<Record<string, Buffer>> = {
  zip: makeZip([
    { name: 'a', content: 'alpha' },
    { name: 'b.jar', content: inner },
    { name: 'c.tgz', content: gzipSync(tar) },
  ]),
  zip64: makeZip(
    [
      { name: 'a', content: 'alpha' },
      { name: 'b.jar', content: inner },
    ],
    { zip64: true, comment: 'x' },
  ),
  tar,
  tgz: gzipSync(tar),
  bzip2: bzip2Sample,
  xz: xzSample,
  zstd: zstdSample,
}
const small = { maxEntryBytes: 1 << 20, maxTotalBytes: 1 << 22, maxHeldBytes: 1 << 24, maxEntries: 1000 }

describe('whatever the bytes are', () => {
  it('samples of all kinds are read', async () => {
    for (const [kind, bytes] of Object.entries(archives)) {
      const seen = await look(bytes)
      expect(seen.problems, kind).toEqual([])
      expect(seen.entries.size, kind).toBeGreaterThan(0)
    }
    expect(textsOf(await look(bzip2Sample))).toEqual(textsOf(await look(xzSample)))
    expect(textsOf(await look(zstdSample))).toEqual(textsOf(await look(xzSample)))
  })

  it('nothing but problems comes of noise', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 2000 }),
        fc.constantFrom('', ...Object.keys(archives)),
        async (bytes, kind) => {
          const start = (archives[kind] ?? Buffer.alloc(0)).subarray(0, 40)
          await look(Buffer.concat([start, bytes]), { name: 'x.jar', limits: small })
        },
      ),
      { numRuns: 300 },
    )
  })

  it('an archive that was changed anywhere says so or gives what it gave, whole entries only', async () => {
    for (const [kind, bytes] of Object.entries(archives)) {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
          fc.integer({ min: 0, max: bytes.length }),
          fc.boolean(),
          async (changes, end, isCut) => {
            const changed = Buffer.from(isCut ? bytes.subarray(0, end) : bytes)
            for (const [at, byte] of changes) if (at < changed.length) changed[at] = byte
            const seen = await look(changed, { name: `x.${kind}`, limits: small })
            for (const { content } of seen.entries.values())
              expect(content?.length ?? 0).toBeLessThanOrEqual(1 << 20)
          },
        ),
        { numRuns: 120 },
      )
    }
  })

  it('a machine that refuses to read on is a problem', async () => {
    for (const [kind, bytes] of Object.entries(archives)) {
      for (let allowed = 0; allowed < 6; allowed++) {
        let reads = 0
        const whole = new MemorySource(bytes)
        const source = {
          sizeBytes: bytes.length,
          readAt(buffer: Uint8Array, position: number) {
            reads += 1
            if (reads > allowed) throw new HostError('read-failed')
            return whole.readAt(buffer, position)
          },
        }
        const { problems } = await look(source)
        if (reads > allowed) expect(problems.join(), kind).toMatch(/^read-failed/)
      }
    }
  })

  it('names alone and everything see the same entries', async () => {
    for (const [kind, bytes] of Object.entries(archives)) {
      const names = await look(bytes, { wants: () => false })
      expect([...names.entries.keys()].sort(), kind).toEqual([...(await look(bytes)).entries.keys()].sort())
    }
  })
})

describe.skipIf(!existsSync('/usr/bin/zip') || !existsSync('/bin/tar'))(
  'archives of the tools of the system',
  () => {
    const shell = (script: string) =>
      execFileSync('bash', ['-c', `set -e; cd "$(mktemp -d)"; ${script}; rm -rf "$PWD"`], {
        maxBuffer: 1 << 26,
      })
    const files = 'mkdir -p d/e; seq 1 20000 >d/e/seq; printf x >"d/ü"; printf secret >d/s; ln -s s d/link'

    it.each([
      ['zip', `${files}; zip -qry x.zip d; cat x.zip`],
      ['zip with a prefix', `${files}; zip -qry x.zip d; (echo '#!/bin/sh'; cat x.zip)`],
      ['zip -0', `${files}; zip -0qry x.zip d; cat x.zip`],
      ['tar', `${files}; tar cf - d`],
      ['tar of GNU', `${files}; tar --format=gnu -cf - d`],
      ['tar of pax', `${files}; tar --format=pax -cf - d`],
      ['tar of v7', `${files}; tar --format=v7 -cf - d`],
    ])('%s', async (_, script) => {
      const seen = await look(shell(script), { name: 'x.zip' })
      expect(seen.problems).toEqual([])
      const texts = textsOf(seen)
      expect(texts['d/s']).toBe('secret')
      expect(texts['d/e/seq']).toBe(`${Array.from({ length: 20_000 }, (__, k) => k + 1).join('\n')}\n`)
      expect(seen.entries.get('d/link')?.entry.kind).toBe('link')
      expect(seen.entries.get('d/e/')?.entry.kind).toBe('directory')
      const mtime = seen.entries.get('d/s')?.entry.mtimeNs ?? 0n
      expect(Math.abs(Number(mtime / 1_000_000n) - Date.now())).toBeLessThan(60_000)
    })

    it('zip of a pipe, with sizes behind the bytes', async () => {
      const seen = await look(shell(`seq 1 20000 | zip -q - - | cat`))
      expect(seen.problems).toEqual([])
      expect(textsOf(seen)['-']).toMatch(/^1\n2\n(.*\n)*20000\n$/)
    })

    it('zip -e is encrypted, names are seen', async () => {
      const seen = await look(shell(`${files}; zip -qr -P pw x.zip d/s; cat x.zip`))
      expect(seen.problems).toEqual(['encrypted d/s'])
      expect(seen.entries.get('d/s')?.content).toBeUndefined()
    })

    it('tar -S with holes says so', async () => {
      for (const format of ['gnu', 'pax']) {
        const seen = await look(
          shell(`truncate -s 10M h; echo x >>h; echo y >z; tar -S --format=${format} -cf - h z`),
        )
        expect(seen.problems).toHaveLength(1)
        expect(seen.problems[0]).toMatch(/^not-supported-here /)
        expect(textsOf(seen).z).toBe('y\n')
      }
    })
  },
)
