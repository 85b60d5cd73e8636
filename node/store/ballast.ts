import { randomFillSync } from 'node:crypto'
import { constants } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ballastBytes } from '../core/limits.ts'
import { diskSpace } from './disk-space.ts'

/** Room on the disk that is held back for the moment when the disk is full. */
export interface Ballast {
  isThere(): boolean
  /** Takes the room again as soon as the disk has plenty. Best effort, never throws. */
  take(): Promise<void>
  release(): Promise<void>
}

export async function openBallast(path: string): Promise<Ballast> {
  let isThere = await stat(path).then(
    ({ size }) => size >= ballastBytes,
    () => false,
  )

  async function release(): Promise<void> {
    isThere = false
    await rm(path, { force: true })
  }

  async function take(): Promise<void> {
    if (isThere) return
    try {
      // It must not itself fill the disk.
      const { availableBytes } = await diskSpace(dirname(path))
      if (availableBytes < 3 * ballastBytes) return
      await fill(path)
      isThere = true
    } catch {
      // Best effort: the write that came before has succeeded, and the next one tries again.
      await rm(path, { force: true }).catch(() => undefined)
    }
  }

  return { isThere: () => isThere, take, release }
}

async function fill(path: string): Promise<void> {
  const file = await open(path, constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY, 0o600)
  try {
    // A file system that compresses keeps no room for zeros.
    await file.writeFile(randomFillSync(new Uint8Array(ballastBytes)))
    await file.sync()
  } finally {
    await file.close()
  }
}
