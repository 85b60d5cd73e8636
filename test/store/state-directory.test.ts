import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openLevelStore } from '../../node/store/level-store.ts'
import { openPrivateDirectory, openStateDirectory } from '../../node/store/state-directory.ts'
import { scratchDirectory } from './scratch.ts'

const bytes = new TextEncoder().encode('content')

describe('openStateDirectory', () => {
  it('makes the directory and its parents for their owner alone', async () => {
    const root = scratchDirectory()
    const state = await openStateDirectory(join(root, 'a', 'b'), 'agent')
    expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o700)
    expect(statSync(state.path).mode & 0o777).toBe(0o700)
  })

  it('keeps files from one opening to the next', async () => {
    const path = join(scratchDirectory(), 'state')
    const state = await openStateDirectory(path, 'gate')
    expect(await state.read('peer.key')).toBeUndefined()
    await state.create('peer.key', bytes)
    await expect(state.create('peer.key', bytes)).rejects.toMatchObject({ code: 'bad-input' })
    await state.replace('counter', bytes)
    const again = await openStateDirectory(path, 'gate')
    expect(await again.read('peer.key')).toEqual(bytes)
    expect(await again.read('counter')).toEqual(bytes)
    const store = await openLevelStore(again.storeDirectory)
    expect(store.opening.wasCreated).toBe(true)
    await store.close()
  })

  it.each([0o701, 0o710, 0o750, 0o755, 0o777, 0o702])('refuses mode %o', async (mode) => {
    const path = join(scratchDirectory(), 'state')
    mkdirSync(path)
    chmodSync(path, mode)
    await expect(openStateDirectory(path, 'agent')).rejects.toMatchObject({
      code: 'state-mode',
      hint: `chmod 700 ${path}`,
    })
  })

  it.skipIf(process.getuid?.() !== 0)("refuses somebody else's directory, also behind a link", async () => {
    const root = scratchDirectory()
    const path = join(root, 'state')
    mkdirSync(path, { mode: 0o700 })
    chownSync(path, 12_345, 12_345)
    symlinkSync(path, join(root, 'link'))
    await expect(openStateDirectory(path, 'agent')).rejects.toMatchObject({ code: 'state-mode' })
    await expect(openPrivateDirectory(join(root, 'link'))).rejects.toMatchObject({ code: 'state-mode' })
  })

  it('refuses a file in the place of the directory or of a parent', async () => {
    const root = scratchDirectory()
    writeFileSync(join(root, 'file'), '')
    await expect(openStateDirectory(join(root, 'file'), 'agent')).rejects.toMatchObject({
      code: 'state-mode',
    })
    await expect(openStateDirectory(join(root, 'file', 'state'), 'agent')).rejects.toMatchObject({
      code: 'state-mode',
    })
  })

  it('belongs to one role', async () => {
    const path = join(scratchDirectory(), 'state')
    await openStateDirectory(path, 'agent')
    await openStateDirectory(path, 'agent')
    await expect(openStateDirectory(path, 'relay')).rejects.toMatchObject({ code: 'usage' })
  })

  it.each(['', '.', '..', '../key', 'a/b', '.hidden', 'a\\b', 'a b'])(
    'knows no file called %j',
    async (name) => {
      const state = await openStateDirectory(join(scratchDirectory(), 'state'), 'agent')
      expect(() => state.file(name)).toThrow(RangeError)
      await expect(state.read(name)).rejects.toThrow(RangeError)
    },
  )
})
