import { type ArchiveEntry, type EntryData, peekBytes } from './archive-entry.ts'
import { ArchiveError, corrupt } from './archive-error.ts'
import type { StreamReader } from './stream-reader.ts'
import { blockBytes, kindOfType, parseTarHeader, type TarHeader } from './tar-header.ts'
import { parsePaxRecords, paxNumber, paxTime } from './tar-records.ts'

/** Of a long name or a list of attributes; more is no honest archive. */
const maxAttributeBytes = 1024 * 1024

export interface TarEntry {
  readonly entry: ArchiveEntry
  /** To be read before the next entry is asked for; what is left is passed over. */
  readonly data: EntryData
  /** Why its bytes are not those of the file: its holes were left out. */
  readonly problem: ArchiveError | undefined
}

/** What headers before that of an entry say about it. */
interface Attributes {
  name?: Buffer | undefined
  pax?: ReadonlyMap<string, Buffer> | undefined
}

/** The entries of a tar, as they come. Ends at the mark of the end, at the end of the stream where a header could stand, and not
 *  behind: what follows the mark no tar reads.
 *  @throws ArchiveError; what the stream throws */
export async function* tarEntries(reader: StreamReader): AsyncGenerator<TarEntry, void> {
  let attributes: Attributes = {}
  let common: ReadonlyMap<string, Buffer> = new Map()
  for (;;) {
    if (!(await reader.fill(1))) return
    const block = await reader.take(blockBytes)
    if (isZero(block)) return
    const header = parseTarHeader(block)
    if (isAttribute(header.type)) {
      const value = await takeAttribute(reader, header.sizeBytes)
      if (header.type === 'L') attributes.name = upToNul(value)
      else if (header.type === 'x') attributes.pax = parsePaxRecords(value)
      else if (header.type === 'g') common = new Map([...common, ...parsePaxRecords(value)])
      continue
    }
    const pax = new Map([...common, ...(attributes.pax ?? [])])
    const entry = entryOf(header, attributes.name, pax)
    attributes = {}
    // Holes of GNU's old form may fill more headers.
    const isOldSparse = header.type === 'S'
    if (isOldSparse) await skipSparseHeaders(reader, block)
    const sizeBytes = storedBytes(header.type, entry.sizeBytes)
    const problem =
      isOldSparse || [...pax.keys()].some((key) => key.startsWith('GNU.sparse.'))
        ? new ArchiveError('not-supported-here')
        : undefined
    yield* oneEntry(reader, entry, sizeBytes, problem)
  }
}

async function* oneEntry(
  reader: StreamReader,
  entry: ArchiveEntry,
  sizeBytes: number,
  problem: ArchiveError | undefined,
): AsyncGenerator<TarEntry, void> {
  let left = sizeBytes
  async function* chunks(): AsyncGenerator<Buffer, void> {
    while (left > 0) {
      await reader.need(1)
      const piece = await reader.take(Math.min(left, reader.available))
      left -= piece.length
      yield piece
    }
  }
  const peek = async (): Promise<Buffer> => {
    const count = Math.min(peekBytes, sizeBytes)
    await reader.need(count)
    return Buffer.from(reader.bytes.subarray(reader.at, reader.at + count))
  }
  yield { entry, data: { peek, chunks }, problem }
  await reader.skip(left)
  const padding = (blockBytes - (sizeBytes % blockBytes)) % blockBytes
  // The last block of a file that was cut there is not missed.
  if (await reader.fill(padding)) await reader.skip(padding)
  else await reader.skip(reader.available)
}

function entryOf(
  header: TarHeader,
  longName: Buffer | undefined,
  pax: ReadonlyMap<string, Buffer>,
): ArchiveEntry {
  const name = pax.get('path') ?? longName ?? header.name
  return {
    name,
    kind: kindOfType(header.type, name),
    sizeBytes: paxNumber(pax.get('size')) ?? header.sizeBytes,
    mode: header.mode,
    mtimeNs: paxTime(pax.get('mtime')) ?? header.mtimeNs,
    uid: paxNumber(pax.get('uid')) ?? header.uid,
    gid: paxNumber(pax.get('gid')) ?? header.gid,
  }
}

/** Links, devices and FIFOs have no bytes, whatever their size says; the list of a directory of GNU has. */
function storedBytes(type: string, sizeBytes = 0): number {
  return '123456'.includes(type) ? 0 : sizeBytes
}

function isAttribute(type: string): boolean {
  return 'LKxgX'.includes(type)
}

async function takeAttribute(reader: StreamReader, sizeBytes: number): Promise<Buffer> {
  if (sizeBytes < 0 || sizeBytes > maxAttributeBytes) throw corrupt()
  const padded = Math.ceil(sizeBytes / blockBytes) * blockBytes
  return (await reader.take(padded)).subarray(0, sizeBytes)
}

async function skipSparseHeaders(reader: StreamReader, header: Buffer): Promise<void> {
  let hasMore = header[482] !== 0
  while (hasMore) hasMore = (await reader.take(blockBytes))[504] !== 0
}

function upToNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0)
}
