import { existsSync } from 'node:fs'
import { createDarwinHost } from './darwin-host.ts'
import type { Host } from './host.ts'
import { LinuxHost } from './linux-host.ts'
import { PortableHost } from './portable-host.ts'
import { createWin32Host } from './win32-host.ts'

/** The machine that modules look at.
 *  @param root absolute directory that stands for `/`: a mounted image, a fixture, or `/` for the machine itself
 *  @param platform whose paths the root has; this machine's unless told
 *  @throws HostError when the root is not there */
export function createHost({
  root,
  platform = process.platform,
}: {
  readonly root: string
  readonly platform?: NodeJS.Platform
}): Host {
  switch (platform) {
    case 'linux':
      // Lookups by descriptor need /proc; a chroot without one gets the path-based reading, which bears no swapped links.
      return existsSync('/proc/self/fd') ? new LinuxHost(root) : new PortableHost(root, 'linux')
    case 'darwin':
      return createDarwinHost(root)
    case 'win32':
      return createWin32Host(root)
    default:
      return new PortableHost(root, platform)
  }
}
