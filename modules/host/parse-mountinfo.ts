import type { ByteName, Mount } from './host.ts'

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

/** What is mounted at and below a directory, by path inside of it; first of all the mount that it lies in. */
export function mountsBelow(root: ByteName, mounts: readonly Mount[]): readonly Mount[] {
  const inside = root === '/' ? '/' : `${root}/`
  let around: Mount | undefined
  const below: Mount[] = []
  for (const mount of mounts) {
    const path = Buffer.from(mount.path).toString('latin1')
    if (path === root || root.startsWith(path === '/' ? '/' : `${path}/`)) {
      // The deepest holds the directory, and of those on one path the last.
      if (around === undefined || mount.path.length >= around.path.length) around = mount
    } else if (path.startsWith(inside)) {
      below.push({ ...mount, path: Buffer.from(`/${path.slice(inside.length)}`, 'latin1') })
    }
  }
  return around === undefined ? below : [{ ...around, path: Buffer.from('/') }, ...below]
}

/** Space, tab, newline and backslash are written as three octal digits. */
function unescapePath(path: string): Uint8Array {
  const plain = path.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  )
  return Buffer.from(plain, 'latin1')
}
