import type { Host } from './host.ts'
import { PortableHost } from './portable-host.ts'

/** Windows. Paths may be given as `C:\Users` or `/C:/Users`; `root` is `/` for the machine itself, else the directory that
 *  stands for the system drive (a mounted image), in which drive letters are dropped.
 *  Type-checked and tested on paths only, never run on Windows. */
export function createWin32Host(root: string): Host {
  return new PortableHost(root, 'win32', (path) => windowsComponents(path, root !== '/'))
}

/** `C:\Users\x` → `C:`, `Users`, `x`. */
export function windowsComponents(path: string, dropDrive: boolean): readonly string[] {
  const components = path.split(/[\\/]+/).filter((component) => component !== '')
  const [first, ...rest] = components
  return dropDrive && first !== undefined && /^[A-Za-z]:$/.test(first) ? rest : components
}
