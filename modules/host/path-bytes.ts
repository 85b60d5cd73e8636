import { HostError } from './host.ts'

/** Paths are bytes; a string stands for its UTF-8. */
export function pathBytes(path: Uint8Array | string): Buffer {
  return typeof path === 'string' ? Buffer.from(path, 'utf8') : Buffer.from(path)
}

const slash = 0x2f

/** The components of a path, without the empty ones. */
export function splitPath(path: Buffer): Buffer[] {
  const components: Buffer[] = []
  let start = 0
  while (start <= path.length) {
    const found = path.indexOf(slash, start)
    const end = found < 0 ? path.length : found
    if (end > start) components.push(path.subarray(start, end))
    start = end + 1
  }
  return components
}

export function isAbsolute(path: Buffer): boolean {
  return path[0] === slash
}

export function isDot(name: Buffer): boolean {
  return name.length === 1 && name[0] === 0x2e
}

export function isDotDot(name: Buffer): boolean {
  return name.length === 2 && name[0] === 0x2e && name[1] === 0x2e
}

/** `/a/b` of its components; `/` of none. */
export function joinPath(components: readonly Uint8Array[]): Buffer {
  if (components.length === 0) return Buffer.from('/')
  return Buffer.concat(components.flatMap((component) => [Buffer.from('/'), component]))
}

/** A name to be looked up in one directory and nowhere else.
 *  @throws HostError when it could lead out of it */
export function oneComponent(name: Uint8Array): Buffer {
  const bytes = Buffer.from(name.buffer, name.byteOffset, name.byteLength)
  if (bytes.length === 0 || bytes.includes(slash) || bytes.includes(0) || isDotDot(bytes)) {
    throw new HostError('not-found')
  }
  return bytes
}
