import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeOf } from '../../node/core/error.ts'
import { ballastBytes } from '../../node/core/limits.ts'
import { diskSpace } from '../../node/store/disk-space.ts'
import { type LevelStore, openLevelStore } from '../../node/store/level-store.ts'
import { writePrivateFile } from '../../node/store/private-file.ts'
import { collect } from './collect.ts'

const canMount = process.platform === 'linux' && process.getuid?.() === 0
if (!canMount) console.warn('SKIPPED: a full disk is only tested by root on Linux, who can mount a small one')

const all = { from: '', to: '~' }
const keyOf = (n: number) => `k/${String(n).padStart(6, '0')}`
const incompressible = (sizeBytes: number) => randomFillSync(new Uint8Array(sizeBytes))

describe.skipIf(!canMount)('a store on a full disk', () => {
  let disk: string
  let path: string
  let store: LevelStore | undefined
  let fillers = 0

  beforeEach(() => {
    disk = mkdtempSync(join(tmpdir(), 'mig-full-disk-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', disk])
    path = join(disk, 'store')
  })

  afterEach(async () => {
    await store?.close()
    store = undefined
    execFileSync('umount', [disk])
    rmdirSync(disk)
  })

  /** Writes until one write is refused, and tells how many were acknowledged. */
  async function writeUntilFull(from: number): Promise<number> {
    for (let n = from; n < 50_000; n++) {
      try {
        await store?.write([{ put: keyOf(n), value: incompressible(3000) }], { sync: n % 2 === 0 })
      } catch (error) {
        expect(codeOf(error)).toBe('disk-full')
        return n
      }
    }
    throw new Error('the disk never became full')
  }

  /** Takes everything that is left but `leaveBytes`. */
  async function fillDisk(leaveBytes: number): Promise<string> {
    const file = join(disk, `filler-${fillers++}`)
    const { availableBytes } = await diskSpace(disk)
    const descriptor = openSync(file, 'w')
    const chunk = Buffer.alloc(4096)
    try {
      for (let left = availableBytes - leaveBytes; left > 0; left -= chunk.length)
        writeSync(descriptor, chunk)
    } catch (error) {
      expect(codeOf(error)).toBe('ENOSPC')
    } finally {
      closeSync(descriptor)
    }
    return file
  }

  it('refuses writes, keeps what was acknowledged, and goes on when there is room again', async () => {
    store = await openLevelStore(path)
    expect(existsSync(`${path}.ballast`)).toBe(true)
    const filler = await fillDisk(4 * 1024 * 1024)
    const written = await writeUntilFull(0)
    expect(written).toBeGreaterThan(100)
    expect(existsSync(`${path}.ballast`)).toBe(false)
    // Reading goes on through the same store, and the refused write is not there.
    expect(await collect(store.keys(all))).toEqual(Array.from({ length: written }, (_, n) => keyOf(n)))
    // What the ballast gave is not used up by later writes.
    const more = await writeUntilFull(written)
    expect((await diskSpace(disk)).availableBytes).toBeGreaterThan(ballastBytes / 2)
    expect((await store.get(keyOf(more - 1)))?.length).toBe(3000)

    rmSync(filler)
    await store.write([{ put: keyOf(more), value: incompressible(3000) }], { sync: true })
    expect(existsSync(`${path}.ballast`)).toBe(true)
    await store.close()
    store = await openLevelStore(path)
    expect(store.opening).toMatchObject({ wasLost: false, wasRepaired: false })
    expect(await store.check()).toEqual({ records: more + 1, damaged: 0 })
  })

  it('says that the disk is full while somebody else takes even the ballast, and then goes on', async () => {
    store = await openLevelStore(path)
    await fillDisk(2 * 1024 * 1024)
    const written = await writeUntilFull(0)
    const filler = await fillDisk(0)
    const refusals = await Promise.allSettled([
      store.write([{ put: 'x', value: incompressible(10) }], { sync: true }),
      store.write([{ put: 'y', value: incompressible(10) }], { sync: false }),
    ])
    for (const refusal of refusals)
      expect(refusal).toMatchObject({ status: 'rejected', reason: { code: 'disk-full' } })
    rmSync(filler)
    for (const name of readdirSync(disk)) if (name.startsWith('filler')) rmSync(join(disk, name))
    await store.write([{ put: keyOf(written), value: incompressible(10) }], { sync: true })
    expect(await collect(store.keys(all))).toEqual(Array.from({ length: written + 1 }, (_, n) => keyOf(n)))
  })

  it('refuses a batch that is too large for the disk before it fills it', async () => {
    store = await openLevelStore(path)
    const value = incompressible(11 * 1024 * 1024)
    const before = (await diskSpace(disk)).availableBytes
    await expect(store.write([{ put: 'a', value }], { sync: true })).rejects.toMatchObject({
      code: 'disk-full',
    })
    expect((await diskSpace(disk)).availableBytes).toBe(before)
    await store.write([{ put: 'a', value: value.subarray(0, 5 * 1024 * 1024) }], { sync: true })
  })

  it('leaves no half of a private file', async () => {
    await fillDisk(64 * 1024)
    await expect(writePrivateFile(join(disk, 'key'), new Uint8Array(1024 * 1024))).rejects.toMatchObject({
      code: 'disk-full',
    })
    expect(readdirSync(disk).filter((name) => name.includes('key'))).toEqual([])
  })
})
