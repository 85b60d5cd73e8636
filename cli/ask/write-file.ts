import { randomBytes } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { codeOf, MigError } from '../../node/core/error.ts'

/** Puts a whole file in the place of another, or nothing: a half-written action would cost its signatures.
 *  @param isNew refuse to replace
 *  @throws MigError `bad-input` */
export async function writeGivenFile(path: string, text: string, isNew = false): Promise<void> {
  const before = await stat(path).catch(() => undefined)
  if (isNew && before !== undefined)
    throw new MigError('bad-input', `${path} is there already`, { hint: 'choose another name, or remove it' })
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx', before?.mode ?? 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw new MigError('bad-input', `${path} cannot be written: ${codeOf(error) ?? 'unknown reason'}`, {
      cause: error,
    })
  }
}
