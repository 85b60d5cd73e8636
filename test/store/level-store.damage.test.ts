import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { maxQuarantines } from '../../node/core/limits.ts'
import { openLevelStore } from '../../node/store/level-store.ts'
import { collect } from './collect.ts'
import { scratchDirectory } from './scratch.ts'

const count = 4000
const all = { from: '', to: '~' }
const keyOf = (n: number) => `k/${String(n).padStart(6, '0')}`
/** Does not compress, as sealed answers do not, so that its bytes stand in the tables as they are. */
const bytesOf = (n: number) =>
  new Uint8Array(createHash('shake256', { outputLength: 500 }).update(String(n)).digest())

/** A closed store with several tables and a log. */
async function filledStore(): Promise<string> {
  const path = join(scratchDirectory(), 'store')
  const store = await openLevelStore(path)
  for (let n = 0; n < count; n += 100) {
    const changes = Array.from({ length: 100 }, (_, i) => ({ put: keyOf(n + i), value: bytesOf(n + i) }))
    await store.write(changes, { sync: n === count - 100 })
  }
  await store.close()
  return path
}

const filesOf = (path: string, pattern: RegExp) =>
  readdirSync(path)
    .filter((name) => pattern.test(name))
    .map((name) => join(path, name))
const quarantinesBeside = (path: string) =>
  readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.damaged-`))

/** How many records are there; each must be right. */
async function survivors(store: Awaited<ReturnType<typeof openLevelStore>>): Promise<number> {
  const entries = await collect(store.entries(all))
  for (const [key, value] of entries) expect(Buffer.compare(value, bytesOf(Number(key.slice(2))))).toBe(0)
  return entries.length
}

describe('a damaged store', () => {
  it.each<[string, RegExp, (file: string) => void, number]>([
    ['CURRENT is gone', /^CURRENT$/, (file) => rmSync(file), count],
    ['CURRENT is empty', /^CURRENT$/, (file) => writeFileSync(file, ''), count],
    ['the manifest is gone', /^MANIFEST/, (file) => rmSync(file), count],
    ['the manifest is garbage', /^MANIFEST/, (file) => writeFileSync(file, Buffer.alloc(5000, 0xa5)), count],
    ['a table is gone', /\.ldb$/, (file) => rmSync(file), 1],
  ])('is copied aside and repaired when %s', async (_, pattern, damage, atLeast) => {
    const path = await filledStore()
    const before = readdirSync(path).filter((name) => name !== 'LOCK')
    damage(filesOf(path, pattern)[0] as string)
    const left = readdirSync(path).filter((name) => name !== 'LOCK')
    const store = await openLevelStore(path)
    expect(store.opening).toMatchObject({ wasCreated: false, wasLost: false, wasRepaired: true })
    expect(await survivors(store)).toBeGreaterThanOrEqual(atLeast)
    const copied = readdirSync(store.opening.quarantine as string)
    expect(copied).toEqual(expect.arrayContaining(left.filter((name) => !name.startsWith('LOG'))))
    expect(before.length).toBeGreaterThanOrEqual(6)
    await store.write([{ put: 'birth', value: new Uint8Array() }], { sync: true })
    await store.close()
    const again = await openLevelStore(path)
    expect(again.opening).toMatchObject({ wasRepaired: false, wasLost: false, quarantine: undefined })
    await again.close()
  })

  it('is told to be repaired at each opening until something was written to the disk', async () => {
    const path = await filledStore()
    rmSync(join(path, 'CURRENT'))
    await (await openLevelStore(path)).close()
    const second = await openLevelStore(path)
    expect(second.opening).toMatchObject({ wasRepaired: true, wasLost: false, quarantine: undefined })
    await second.close()
  })

  it('is told to be lost when nothing could be rebuilt', async () => {
    const path = await filledStore()
    for (const file of filesOf(path, /ldb$|log$|^CURRENT$/)) rmSync(file)
    const store = await openLevelStore(path)
    expect(store.opening).toMatchObject({ wasCreated: false, wasLost: true, wasRepaired: true })
    expect(await survivors(store)).toBe(0)
    await store.close()
  })

  it('does not give out a value whose bytes have changed, and drops it at the next opening', async () => {
    const path = await filledStore()
    // In the middle of a value of a table, which LevelDB itself does not notice.
    const victim = 1500
    const wanted = Buffer.from(bytesOf(victim).subarray(200, 260))
    const table = filesOf(path, /\.ldb$/).find((file) => readFileSync(file).includes(wanted)) as string
    const bytes = readFileSync(table)
    bytes.writeUInt8(bytes.readUInt8(bytes.indexOf(wanted)) ^ 1, bytes.indexOf(wanted))
    writeFileSync(table, bytes)

    const store = await openLevelStore(path)
    expect(store.opening.wasRepaired).toBe(false)
    expect(await store.check()).toEqual({ records: count, damaged: 1 })
    await expect(store.get(keyOf(victim))).rejects.toMatchObject({ code: 'store-damaged' })
    await expect(collect(store.entries(all))).rejects.toMatchObject({ code: 'store-damaged' })
    expect(await store.get(keyOf(victim + 1))).toEqual(bytesOf(victim + 1))
    await store.close()

    const repaired = await openLevelStore(path)
    expect(repaired.opening).toMatchObject({ wasRepaired: true, wasLost: false })
    expect(await survivors(repaired)).toBe(count - 1)
    await repaired.close()
  })

  it('is refused when repairs did not come to their end', async () => {
    const path = await filledStore()
    writeFileSync(`${path}.id`, readFileSync(`${path}.id`, 'utf8').replace('\n', ' damaged 2\n'))
    await expect(openLevelStore(path)).rejects.toMatchObject({ code: 'store-damaged' })
    expect(quarantinesBeside(path)).toEqual([])
  })

  it('is repaired again without another copy when a repair was interrupted', async () => {
    const path = await filledStore()
    writeFileSync(`${path}.id`, readFileSync(`${path}.id`, 'utf8').replace(' 0\n', ' 1 damaged 1\n'))
    const store = await openLevelStore(path)
    expect(store.opening).toMatchObject({ wasRepaired: true, quarantine: undefined })
    expect(await survivors(store)).toBe(count)
    await store.close()
  })

  it('leaves only the latest copies beside it', async () => {
    const path = await filledStore()
    for (let n = 0; n < maxQuarantines + 2; n++) {
      rmSync(join(path, 'CURRENT'))
      await (await openLevelStore(path)).close()
    }
    expect(quarantinesBeside(path).sort()).toEqual(['store.damaged-3', 'store.damaged-4', 'store.damaged-5'])
  })

  it('is noticed without its marker too', async () => {
    const path = await filledStore()
    rmSync(`${path}.id`)
    rmSync(join(path, 'CURRENT'))
    const store = await openLevelStore(path)
    expect(store.opening).toMatchObject({ wasCreated: false, wasRepaired: true })
    expect(await survivors(store)).toBe(count)
    await store.close()
    expect(existsSync(`${path}.id`)).toBe(true)
  })
})
