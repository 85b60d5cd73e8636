import type { FileKind } from '../host/host.ts'
import type { ByteSource } from './byte-source.ts'
import type { ByteStream } from './stream-reader.ts'

/** What an archive says of one of its entries. What it does not say is undefined. */
export interface ArchiveEntry {
  /** As it stands in the archive, in bytes; it is never a path to anything. */
  readonly name: Buffer
  readonly kind: FileKind
  /** Undefined where only decoding tells. An archive may lie. */
  readonly sizeBytes: number | undefined
  /** Permission bits. */
  readonly mode: number | undefined
  readonly mtimeNs: bigint | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

/** The bytes of an entry, not read unless they are asked for. */
export interface EntryData {
  /** All of it at once, where that is little and nothing is wrong with it; then nothing else need be called. */
  readonly whole?: () => Buffer | undefined
  /** The first bytes, 512 if there are as many. */
  readonly peek: () => Promise<Buffer>
  /** Everything in pieces, once; `peek` may be called before. */
  readonly chunks: () => ByteStream
  /** Where they lie as they are. */
  readonly source?: () => ByteSource | undefined
}

/** As many bytes as tell what something is; a header of tar is the longest. */
export const peekBytes = 512
