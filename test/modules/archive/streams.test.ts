import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { look } from './look.ts'

/** The compressors of the system, where they are installed (.ci/run sees to it). */
const tools = {
  bzip2: [['-1'], ['-9']],
  gzip: [['-1'], ['-9']],
  zstd: [['-1'], ['-3', '--no-check'], ['-19'], ['--fast=5'], ['-12', '--long=24'], ['-1', '-B131072']],
  xz: [
    ['-0'],
    ['-6e'],
    ['-9', '-C', 'crc32'],
    ['-3', '-C', 'sha256'],
    ['-3', '-C', 'none'],
    ['--lzma2=lc=1,lp=3,pb=4,dict=8KiB'],
  ],
} as const

function has(tool: string): boolean {
  try {
    execFileSync(tool, ['--version'], { stdio: ['ignore', 'ignore', 'ignore'], input: '' })
    return true
  } catch {
    return false
  }
}

function noise(sizeBytes: number): Buffer {
  const pieces: Buffer[] = []
  for (let k = 0; k * 32 < sizeBytes; k++) pieces.push(createHash('sha256').update(`noise ${k}`).digest())
  return Buffer.concat(pieces).subarray(0, sizeBytes)
}

const words = noise(4000)
const text = Buffer.from(
  Array.from({ length: 100_000 }, (_, k) => `${words.readUInt16LE((k * 7919) % 3990) % 997}`).join(' '),
)
const samples: readonly [string, Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['four equal bytes', Buffer.from('aaaa')],
  ['a run', Buffer.alloc(1_500_000, 'a')],
  ['all bytes', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
  ['text', text],
  ['noise', noise(1_200_000)],
  ['text, noise and zeros', Buffer.concat([text, noise(300_000), Buffer.alloc(500_000), text])],
]

const digest = (bytes: Buffer | undefined) =>
  bytes && `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`

for (const [tool, levels] of Object.entries(tools)) {
  const pack = (bytes: Buffer, args: readonly string[]) =>
    execFileSync(tool, ['-c', ...args], {
      input: bytes,
      maxBuffer: 1 << 28,
      stdio: ['pipe', 'pipe', 'ignore'],
    })

  describe.skipIf(!has(tool))(`what ${tool} packs`, () => {
    it.each(
      samples.flatMap(([name, bytes]) => levels.map((args) => [name, args.join(' '), bytes, args] as const)),
    )('is read: %s, %s', async (_, __, bytes, args) => {
      const seen = await look(pack(bytes, args), { limits: { bytesBeforeRatio: 1 << 28 } })
      expect(seen.problems).toEqual([])
      expect(digest([...seen.entries.values()][0]?.content)).toBe(digest(bytes))
    })

    it('is read when several are joined', async () => {
      const packed = pack(Buffer.from('one\n'), levels[0])
      const seen = await look(Buffer.concat([packed, pack(text, levels[0]), packed]))
      expect(seen.problems).toEqual([])
      expect(digest([...seen.entries.values()][0]?.content)).toBe(
        digest(Buffer.concat([Buffer.from('one\n'), text, Buffer.from('one\n')])),
      )
    })

    it('is corrupt wherever it is cut, and never read as whole', async () => {
      const packed = pack(text.subarray(0, 20_000), levels[0])
      for (let k = 20; k < packed.length; k += Math.ceil(packed.length / 20)) {
        const seen = await look(packed.subarray(0, k))
        expect(seen.problems, `cut at ${k}`).toEqual(['corrupt-data x'])
        expect([...seen.entries.values()].map(({ content }) => content)).toEqual([undefined])
      }
    })

    it('is corrupt wherever a bit is turned, or the same', async () => {
      const bytes = text.subarray(0, 20_000)
      const packed = pack(bytes, levels[0])
      for (let k = 12; k < packed.length; k += Math.ceil(packed.length / 60)) {
        const spoilt = Buffer.from(packed)
        spoilt[k] = (spoilt[k] as number) ^ (1 << (k % 8))
        const { problems, entries } = await look(spoilt)
        for (const { content } of entries.values()) {
          if (content !== undefined) expect(digest(content), `bit in ${k}`).toBe(digest(bytes))
        }
        expect(problems.length).toBeLessThan(2)
      }
    })
  })
}
