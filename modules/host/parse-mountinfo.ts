import type { Mount } from './host.ts'

/** Reads the text of /proc/self/mountinfo. A later mount on the same path covers the earlier one and stands later.
 *  Lines that do not fit are skipped.
 *  @see https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
export function parseMountinfo(text: Uint8Array): readonly Mount[] {
  const mounts: Mount[] = []
  for (const line of Buffer.from(text).toString('latin1').split('\n')) {
    const separator = line.indexOf(' - ')
    if (separator < 0) continue
    const path = line.slice(0, separator).split(' ')[4]
    const fileSystem = line.slice(separator + 3).split(' ')[0]
    if (path === undefined || fileSystem === undefined || !path.startsWith('/')) continue
    mounts.push({ path: unescapePath(path), fileSystem })
  }
  return mounts
}

/** Space, tab, newline and backslash are written as three octal digits. */
function unescapePath(path: string): Uint8Array {
  const plain = path.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  )
  return Buffer.from(plain, 'latin1')
}
