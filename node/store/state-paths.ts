import { createHash } from 'node:crypto'
import { posix, win32 } from 'node:path'

/** A Unix socket's path has at most 104 bytes on macOS and 108 on Linux, the ending zero included. */
const maxSocketPathBytes = 100

/** Where a running node listens for its own person's commands: inside the state directory, so that its mode protects it.
 *  A path too long for a socket moves into a short directory of its own under `temporaryDirectory`; that is a shared place,
 *  so both ends pass the socket's directory through `openPrivateDirectory` before they use it.
 *  @param stateDirectory absolute */
export function controlSocketPath(
  platform: NodeJS.Platform,
  stateDirectory: string,
  temporaryDirectory = '/tmp',
): string {
  if (platform === 'win32') {
    // Windows compares paths without case, and pipes have one flat name space.
    return `\\\\.\\pipe\\mig-${shortHash(win32.normalize(stateDirectory).replace(/\\+$/, '').toLowerCase())}`
  }
  const inside = posix.join(stateDirectory, 'control.sock')
  if (Buffer.byteLength(inside) <= maxSocketPathBytes) return inside
  return posix.join(temporaryDirectory, `mig-${shortHash(posix.join(stateDirectory, '.'))}`, 'control.sock')
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24)
}
