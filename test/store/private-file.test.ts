import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readPrivateFile, replaceFile, writePrivateFile } from '../../node/store/private-file.ts'
import { scratchDirectory } from './scratch.ts'

const bytes = new TextEncoder().encode('secret')
const modeOf = (path: string) => lstatSync(path).mode & 0o777

describe('writePrivateFile', () => {
  it('makes a file that only its owner can touch and leaves nothing else', async () => {
    const directory = scratchDirectory()
    await writePrivateFile(join(directory, 'key'), bytes)
    expect(modeOf(join(directory, 'key'))).toBe(0o600)
    expect(readdirSync(directory)).toEqual(['key'])
    expect(await readPrivateFile(join(directory, 'key'))).toEqual(bytes)
  })

  it('never overwrites, nor follows a link that was planted', async () => {
    const directory = scratchDirectory()
    writeFileSync(join(directory, 'victim'), 'old')
    symlinkSync(join(directory, 'victim'), join(directory, 'link'))
    symlinkSync(join(directory, 'nowhere'), join(directory, 'dangling'))
    for (const name of ['victim', 'link', 'dangling']) {
      await expect(writePrivateFile(join(directory, name), bytes)).rejects.toMatchObject({
        code: 'bad-input',
      })
    }
    expect(readFileSync(join(directory, 'victim'), 'utf8')).toBe('old')
    expect(readdirSync(directory).sort()).toEqual(['dangling', 'link', 'victim'])
  })

  it('lets one of several writers through', async () => {
    const path = join(scratchDirectory(), 'key')
    const attempts = await Promise.allSettled(
      [1, 2, 3, 4].map((n) => writePrivateFile(path, Uint8Array.of(n))),
    )
    const winner = attempts.findIndex(({ status }) => status === 'fulfilled')
    expect(attempts.filter(({ status }) => status === 'fulfilled').length).toBe(1)
    expect(await readPrivateFile(path)).toEqual(Uint8Array.of(winner + 1))
  })
})

describe('replaceFile', () => {
  it('puts a private file in the place of any file, and of a link itself', async () => {
    const directory = scratchDirectory()
    writeFileSync(join(directory, 'target'), 'old')
    chmodSync(join(directory, 'target'), 0o644)
    symlinkSync(join(directory, 'target'), join(directory, 'link'))
    await replaceFile(join(directory, 'link'), bytes)
    expect(readFileSync(join(directory, 'target'), 'utf8')).toBe('old')
    await replaceFile(join(directory, 'target'), bytes)
    for (const name of ['link', 'target']) {
      expect(modeOf(join(directory, name))).toBe(0o600)
      expect(await readPrivateFile(join(directory, name))).toEqual(bytes)
    }
    expect(readdirSync(directory).sort()).toEqual(['link', 'target'])
  })

  it('leaves nothing behind where it cannot replace', async () => {
    const directory = scratchDirectory()
    mkdirSync(join(directory, 'taken'))
    await expect(replaceFile(join(directory, 'taken'), bytes)).rejects.toMatchObject({ code: 'internal' })
    expect(readdirSync(directory)).toEqual(['taken'])
  })
})

describe('readPrivateFile', () => {
  it.each([0o640, 0o604, 0o620, 0o610, 0o644, 0o666])(
    'refuses mode %o and says how to mend it',
    async (mode) => {
      const path = join(scratchDirectory(), "it's a key")
      writeFileSync(path, bytes)
      chmodSync(path, mode)
      const error = await readPrivateFile(path).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'state-mode', hint: expect.stringContaining('chmod 600 ') })
      const { hint } = error as { hint: string }
      execFileSync('sh', ['-c', hint])
      expect(await readPrivateFile(path)).toEqual(bytes)
    },
  )

  it.each([0o600, 0o400])('reads mode %o', async (mode) => {
    const path = join(scratchDirectory(), 'key')
    writeFileSync(path, bytes)
    chmodSync(path, mode)
    expect(await readPrivateFile(path)).toEqual(bytes)
  })

  it('reads up to its bound and not a byte more', async () => {
    const path = join(scratchDirectory(), 'key')
    await writePrivateFile(path, bytes)
    expect(await readPrivateFile(path, bytes.length)).toEqual(bytes)
    await expect(readPrivateFile(path, bytes.length - 1)).rejects.toMatchObject({ code: 'too-large' })
  })

  it('follows no link, waits for no pipe and tells what is missing', async () => {
    const directory = scratchDirectory()
    await writePrivateFile(join(directory, 'key'), bytes)
    symlinkSync(join(directory, 'key'), join(directory, 'link'))
    execFileSync('mkfifo', ['-m', '600', join(directory, 'pipe')])
    mkdirSync(join(directory, 'directory'))
    for (const name of ['link', 'pipe', 'directory']) {
      await expect(readPrivateFile(join(directory, name))).rejects.toMatchObject({ code: 'state-mode' })
    }
    await expect(readPrivateFile(join(directory, 'none'))).rejects.toMatchObject({ code: 'not-found' })
  })

  it.skipIf(process.getuid?.() !== 0)("refuses somebody else's file", async () => {
    const path = join(scratchDirectory(), 'key')
    await writePrivateFile(path, bytes)
    chownSync(path, 12_345, 12_345)
    await expect(readPrivateFile(path)).rejects.toMatchObject({
      code: 'state-mode',
      hint: expect.stringContaining('chown'),
    })
  })
})
