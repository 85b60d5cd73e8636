import type { Host } from './host.ts'
import { PortableHost } from './portable-host.ts'

/** macOS. Names are UTF-8; /proc does not exist, so lookups go by path.
 *  Type-checked and tested on paths only, never run on a Mac. */
export function createDarwinHost(root: string): Host {
  return new PortableHost(root, 'darwin')
}
