import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { maxQuarantines } from '../core/limits.ts'

/** Copies a damaged database, which nobody has open, to `<directory>.damaged-<n>`, so that a repair can lose nothing for good.
 *  Only the latest `maxQuarantines` copies are kept.
 *  @returns the path of the copy */
export async function copyAside(directory: string): Promise<string> {
  const earlier = await quarantinesOf(directory)
  const number = (earlier.at(-1) ?? 0) + 1
  const target = pathOf(directory, number)
  try {
    await mkdir(target, { mode: 0o700 })
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      // Closing any handle on LOCK would drop the lock that this process holds on it.
      if (!entry.isFile() || entry.name === 'LOCK') continue
      await copyFile(join(directory, entry.name), join(target, entry.name), constants.COPYFILE_FICLONE)
    }
  } catch (error) {
    // Half a copy is worth nothing, and on a full disk it is in the way.
    await rm(target, { recursive: true, force: true })
    throw error
  }
  for (const old of earlier.slice(0, Math.max(0, earlier.length + 1 - maxQuarantines))) {
    await rm(pathOf(directory, old), { recursive: true, force: true })
  }
  return target
}

function pathOf(directory: string, number: number): string {
  return `${directory}.damaged-${number}`
}

/** The numbers of the copies that are there, ascending. */
async function quarantinesOf(directory: string): Promise<number[]> {
  const prefix = `${basename(directory)}.damaged-`
  const names = await readdir(dirname(directory))
  return names
    .filter((name) => name.startsWith(prefix) && /^\d{1,9}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b)
}
