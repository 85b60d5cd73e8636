import { type ByteName, HostError } from './host.ts'

/** Paths are bytes; a string stands for its UTF-8. */
export function pathBytes(path: Uint8Array | string): Buffer {
  return typeof path === 'string' ? Buffer.from(path, 'utf8') : Buffer.from(path)
}

const slash = 0x2f

/** The components of a path, without the empty ones. */
export function splitPath(path: Buffer): ByteName[] {
  return path
    .toString('latin1')
    .split('/')
    .filter((component) => component !== '')
}

export function isAbsolute(path: Buffer): boolean {
  return path[0] === slash
}

/** `/a/b` of its components; `/` of none. */
export function joinPath(components: readonly ByteName[]): ByteName {
  return `/${components.join('/')}`
}

/** A name to be looked up in one directory and nowhere else.
 *  @throws HostError when it could lead out of it */
export function oneComponent(name: ByteName): ByteName {
  if (name === '' || name === '..' || name.includes('/') || name.includes('\0'))
    throw new HostError('not-found')
  return name
}

const ascii = /^[\0-\x7f]*$/

/** What the system is given: text is cheaper than bytes where both are the same. */
export function nativePath(path: ByteName): string | Buffer {
  return ascii.test(path) ? path : Buffer.from(path, 'latin1')
}
