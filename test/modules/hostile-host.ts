import { type FileKind, type Host, HostError, type HostErrorCode } from '../../modules/host/host.ts'
import { statOf } from './memory-host.ts'
import { bytesOf, openPathDirectory } from './path-directory.ts'

const kinds: readonly FileKind[] = [
  'file',
  'directory',
  'link',
  'fifo',
  'socket',
  'character-device',
  'unknown',
]
const refusals: readonly HostErrorCode[] = [
  'not-found',
  'permission-denied',
  'not-directory',
  'is-link',
  'symlink-loop',
  'outside-root',
  'name-too-long',
  'too-large',
  'not-supported',
  'read-failed',
]
const names: readonly Uint8Array[] = [
  ...[
    '1',
    'a b',
    '-rf',
    '..\n',
    '\u001b[2J',
    "'; DROP TABLE",
    '__proto__',
    'constructor',
    '\u202ecod',
    'C:\\x',
    '~',
    '$(id)',
    '%s%n',
  ],
  'x'.repeat(255),
]
  .map((name): Uint8Array => Buffer.from(name))
  .concat([Buffer.from([0xff, 0xfe, 0x41]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xc0, 0xaf])])

/** A machine on which everything goes wrong that can, the same way for the same seed: listed files vanish, reads break off,
 *  contents are noise around `text`, names are not what one hopes. */
export function hostileHost(seed: number, text: string): Host {
  const random = mulberry32(seed)
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  const mayRefuse = (chance: number) => {
    if (random() < chance) throw new HostError(pick(refusals))
  }
  const noise = () => {
    const bytes = Buffer.from(text.repeat(1 + Math.floor(random() * 3)))
    for (let count = Math.floor(random() * 20); count > 0; count--)
      bytes[Math.floor(random() * bytes.length)] = random() * 256
    return bytes
  }
  const host: Host = {
    platform: 'linux',
    root: '/',
    mounts: () => [],
    openDirectory: (path) => openPathDirectory(host, path),
    realPath(path) {
      mayRefuse(0.2)
      return bytesOf(path)
    },
    hostname: () => pick(['web1', '', 'a\nb', '\u001b[31m', 'x'.repeat(5000), '\ud800']),
    open() {
      mayRefuse(0.3)
      const content = noise()
      let offset = 0
      return {
        stat: statOf('file', Math.floor(random() * 2 * content.length)),
        read(buffer) {
          mayRefuse(0.1)
          const piece = content.subarray(
            offset,
            offset + Math.min(buffer.length, 1 + Math.floor(random() * 512)),
          )
          buffer.set(piece)
          offset += piece.length
          return piece.length
        },
        readAt(buffer, position) {
          mayRefuse(0.1)
          const piece = content.subarray(position, position + buffer.length)
          buffer.set(piece)
          return piece.length
        },
        changed: () => random() < 0.2,
        close: () => undefined,
      }
    },
    stat() {
      mayRefuse(0.3)
      return statOf(pick(kinds), Math.floor(random() * 1e13))
    },
    list(path) {
      mayRefuse(0.2)
      // Deep enough for paths beyond PATH_MAX now and then, and with an end.
      if (path.length > 2000) return []
      return Array.from({ length: Math.floor(random() * 4) }, () => ({
        name: pick(names),
        kind: pick(kinds),
      }))
    },
    readLink() {
      mayRefuse(0.3)
      return pick([...names, Buffer.from('net:[4026531833]'), Buffer.from('../../../../etc')])
    },
    readFile(_path, maxBytes) {
      mayRefuse(0.3)
      return noise().subarray(0, maxBytes)
    },
  }
  return host
}

/** A machine without end: each directory holds more, each file goes on for ever. */
export function endlessHost(text: string): Host {
  const filler = Buffer.from(`${text}\n`)
  const host: Host = {
    platform: 'linux',
    root: '/',
    mounts: () => [],
    openDirectory: (path) => openPathDirectory(host, path),
    realPath: bytesOf,
    hostname: () => 'endless',
    open: () => ({
      stat: statOf('file', 2 ** 40),
      read(buffer) {
        for (let offset = 0; offset < buffer.length; offset += filler.length) {
          buffer.set(filler.subarray(0, buffer.length - offset), offset)
        }
        return buffer.length
      },
      readAt: (buffer) => buffer.fill(0x78).length,
      changed: () => false,
      close: () => undefined,
    }),
    stat: (path) => statOf(bytesOf(path).includes('.txt') ? 'file' : 'directory', 2 ** 40),
    list: () => [
      ...Array.from({ length: 100 }, (_, index) => ({
        name: Buffer.from(`${index + 1}`),
        kind: 'directory' as const,
      })),
      ...Array.from({ length: 100 }, (_, index) => ({
        name: Buffer.from(`${index}.txt`),
        kind: 'file' as const,
      })),
    ],
    readLink: () => Buffer.from('net:[4026531833]'),
    readFile: (_path, maxBytes) => new Uint8Array(Math.min(maxBytes, 2 ** 20)),
  }
  return host
}

function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
