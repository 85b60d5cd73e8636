import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const files = 256
/** A larger one would not be read: it is nearly all holes. */
const fileBytes = 1024 ** 3 - 1

/** Fills a directory with what is quick to make and takes minutes to hash: 256 GiB of holes. */
export function fillLongToRead(directory: string): void {
  mkdirSync(directory, { recursive: true })
  for (let i = 0; i < files; i++) {
    const path = join(directory, `sparse${i}`)
    writeFileSync(path, '')
    truncateSync(path, fileBytes)
  }
}
