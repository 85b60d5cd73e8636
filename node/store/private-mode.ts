import type { Stats } from 'node:fs'
import { MigError } from '../core/error.ts'

/** Refuses a file or directory that others than its owner may touch, or that is somebody else's.
 *  On Windows there are no such modes: the profile directory's access list protects it.
 *  @param what how the sentence calls it: `state directory`, `private file`
 *  @throws MigError `state-mode` with the command that mends it */
export function assertPrivate(what: string, path: string, stats: Stats): void {
  if (process.platform === 'win32') return
  const uid = process.geteuid?.()
  if (uid !== undefined && stats.uid !== uid) {
    throw new MigError(
      'state-mode',
      `${what} ${path} belongs to user ${stats.uid}, but mig runs as user ${uid}`,
      {
        hint: `run mig as its owner, or: chown ${uid} ${shellWord(path)}`,
      },
    )
  }
  if ((stats.mode & 0o077) !== 0) {
    const expected = stats.isDirectory() ? '700' : '600'
    const got = (stats.mode & 0o777).toString(8).padStart(4, '0')
    throw new MigError(
      'state-mode',
      `${what} ${path} has mode ${got}, expected 0${expected}: others could touch it`,
      {
        hint: `chmod ${expected} ${shellWord(path)}`,
      },
    )
  }
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
