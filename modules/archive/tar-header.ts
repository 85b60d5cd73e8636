import type { FileKind } from '../host/host.ts'
import { corrupt } from './archive-error.ts'

export const blockBytes = 512

/** One header of a tar: POSIX 1003.1 ustar, GNU, or what came before. */
export interface TarHeader {
  readonly name: Buffer
  /** The letter that says what it is; `0` for a file. */
  readonly type: string
  readonly sizeBytes: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtimeNs: bigint
}

/** Do the 512 bytes carry the checksum of a header? */
export function isTarHeader(block: Buffer): boolean {
  if (block.length < blockBytes || block[0] === 0) return false
  return checksumOf(block) === octal(block, 148, 8)
}

/** @throws ArchiveError `corrupt-data` */
export function parseTarHeader(block: Buffer): TarHeader {
  if (checksumOf(block) !== octal(block, 148, 8)) throw corrupt()
  const own = text(block, 0, 100)
  // The prefix is a part of ustar; GNU keeps times there.
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isUstar ? text(block, 345, 155) : Buffer.alloc(0)
  const letter = String.fromCharCode(block[156] ?? 0)
  const name = prefix.length === 0 ? own : Buffer.concat([prefix, Buffer.from('/'), own])
  const sizeBytes = number(block, 124, 12)
  if (sizeBytes < 0) throw corrupt()
  return {
    name,
    type: letter === '\0' ? '0' : letter,
    sizeBytes,
    mode: number(block, 100, 8) & 0o7777,
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    mtimeNs: BigInt(number(block, 136, 12)) * 1_000_000_000n,
  }
}

/** An unknown letter is a file (POSIX). Hard links have no bytes of their own. */
export function kindOfType(type: string, name: Buffer): FileKind {
  if (name.at(-1) === 0x2f) return 'directory'
  return kinds.get(type) ?? 'file'
}

const kinds: ReadonlyMap<string, FileKind> = new Map([
  ['1', 'link'],
  ['2', 'link'],
  ['3', 'character-device'],
  ['4', 'block-device'],
  ['5', 'directory'],
  ['6', 'fifo'],
  ['D', 'directory'],
])

/** The sum of all bytes, those of the checksum taken as spaces. */
function checksumOf(block: Buffer): number {
  let sum = 8 * 0x20
  for (let at = 0; at < blockBytes; at++) sum += at >= 148 && at < 156 ? 0 : (block[at] as number)
  return sum
}

function text(block: Buffer, at: number, lengthBytes: number): Buffer {
  const field = block.subarray(at, at + lengthBytes)
  const end = field.indexOf(0)
  return Buffer.from(end < 0 ? field : field.subarray(0, end))
}

/** Octal, or with the first bit set GNU's binary. @throws ArchiveError */
function number(block: Buffer, at: number, lengthBytes: number): number {
  if (((block[at] as number) & 0x80) === 0) {
    const value = octal(block, at, lengthBytes)
    if (value === undefined) throw corrupt()
    return value
  }
  // A negative one is a time before 1970; no size is.
  const isNegative = ((block[at] as number) & 0x40) !== 0
  let value = isNegative ? -1n : 0n
  for (let k = 0; k < lengthBytes; k++) {
    const byte = BigInt(block[at + k] as number)
    value = (value << 8n) | (k === 0 && !isNegative ? byte & 0x7fn : byte)
  }
  if (value < -(2n ** 53n) || value > 2n ** 53n) throw corrupt()
  return Number(value)
}

function octal(block: Buffer, at: number, lengthBytes: number): number | undefined {
  const digits = block
    .toString('latin1', at, at + lengthBytes)
    .replace(/\0.*$/s, '')
    .trim()
  if (digits === '') return 0
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined
}
