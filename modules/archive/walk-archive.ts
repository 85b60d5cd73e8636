import { HostError } from '../host/host.ts'
import { problemOf } from '../host-problem.ts'
import { ArchiveBudget, type ArchiveLimits, HeldMemory } from './archive-budget.ts'
import { type ArchiveEntry, type EntryData, peekBytes } from './archive-entry.ts'
import { ArchiveError } from './archive-error.ts'
import type { ArchiveVisitor, EntryPath, EntrySink } from './archive-visitor.ts'
import { type ByteSource, MemorySource, piecesOf, readExactly } from './byte-source.ts'
import { type Compression, decompress } from './decode.ts'
import { type ArchiveKind, decodedName, detectArchive, zipClaim } from './detect.ts'
import { ArchiveStopped, EntryFeed } from './entry-feed.ts'
import { manifestLines } from './manifest.ts'
import { type ByteStream, StreamReader } from './stream-reader.ts'
import { tarEntries } from './tar.ts'
import { zipData } from './zip-data.ts'
import { findZipDirectory, type ZipClaim, type ZipDirectory } from './zip-directory.ts'
import { type ZipEntry, zipEntries } from './zip-entries.ts'
import { ZipOverlap } from './zip-overlap.ts'

const smallBytes = 16 * 1024

/** Looks into a file if it is an archive, and into archives in it, without unpacking anything to disk: zips are read by their
 *  directory, all else as a stream. What cannot be read is told to the visitor and the rest is looked at.
 *  @param name of the file: what a compressed file is called when it is decoded follows from it
 *  @throws what `visitor` throws; HostError never: it is a problem too */
export async function walkArchive(
  source: ByteSource,
  name: Buffer,
  visitor: ArchiveVisitor,
  limits: ArchiveLimits,
): Promise<void> {
  await new ArchiveWalk(visitor, limits).file(source, name)
}

class ArchiveWalk {
  readonly #visitor: ArchiveVisitor
  readonly #budget: ArchiveBudget
  /** One failure passes several archives on its way out. */
  readonly #told = new WeakSet<Error>()

  constructor(visitor: ArchiveVisitor, limits: ArchiveLimits) {
    this.#visitor = visitor
    this.#budget = new ArchiveBudget(limits)
  }

  async file(source: ByteSource, name: Buffer): Promise<void> {
    try {
      const start = readExactly(source, 0, Math.min(peekBytes, source.sizeBytes))
      const kind = detectArchive(start)
      if (kind === undefined || kind === 'zip') {
        const directory = findZipDirectory(source, zipClaim(kind, name))
        if (directory !== undefined) await this.#zipEntries(source, directory, [])
      } else await this.#stream(kind, this.#paced(piecesOf(source, 0, source.sizeBytes)), [], name)
    } catch (error) {
      if (!(error instanceof ArchiveStopped)) this.#tell(error, [])
    }
  }

  /** @throws ArchiveError, HostError, ArchiveStopped */
  async #zipEntries(source: ByteSource, directory: ZipDirectory, path: EntryPath): Promise<void> {
    const overlap = new ZipOverlap()
    for (const entry of zipEntries(source, directory)) {
      overlap.add(entry)
      await this.#zipEntry(source, entry, [...path, entry.name])
    }
    if (overlap.found) throw new ArchiveError('corrupt-data')
  }

  async #zipEntry(source: ByteSource, entry: ZipEntry, path: EntryPath): Promise<void> {
    let data: EntryData | undefined
    try {
      if (entry.kind !== 'directory') data = zipData(source, entry, this.#budget)
    } catch (error) {
      this.#tell(error, path)
    }
    await this.#entry(entry, data, path)
  }

  async #stream(kind: ArchiveKind, stream: ByteStream, path: EntryPath, name: Buffer): Promise<void> {
    if (kind === 'zip') return
    if (kind === 'tar') await this.#tar(stream, path)
    else await this.#compressed(kind, stream, [...path, decodedName(name, kind)])
  }

  async #compressed(kind: Compression, stream: ByteStream, path: EntryPath): Promise<void> {
    const reader = new StreamReader(decompress(kind, stream, this.#budget))
    try {
      const name = path.at(-1) ?? Buffer.alloc(0)
      const entry = { name, kind: 'file', sizeBytes: undefined, mode: undefined, mtimeNs: undefined } as const
      const peek = async (): Promise<Buffer> => {
        await reader.fill(peekBytes)
        return Buffer.from(reader.bytes.subarray(reader.at, Math.min(reader.end, reader.at + peekBytes)))
      }
      await this.#entry(entry, { peek, chunks: () => reader.rest() }, path)
    } finally {
      await reader.close()
    }
  }

  async #tar(stream: ByteStream, path: EntryPath): Promise<void> {
    const reader = new StreamReader(stream)
    try {
      for await (const { entry, data, problem } of tarEntries(reader)) {
        const inner = [...path, entry.name]
        if (problem !== undefined) this.#tell(problem, inner)
        await this.#entry(entry, problem === undefined && entry.kind === 'file' ? data : undefined, inner)
      }
    } finally {
      await reader.close()
    }
  }

  /** Lets others have their turn between pieces: of what nobody wants there may be as much as a disk holds.
   *  @throws ArchiveStopped */
  async *#paced(pieces: Iterable<Buffer>): AsyncGenerator<Buffer, void> {
    for (const piece of pieces) {
      await this.#breathe()
      yield piece
    }
  }

  /** @throws ArchiveStopped */
  async #breathe(): Promise<void> {
    if ((await this.#visitor.breathe()) === false) throw new ArchiveStopped()
  }

  /** @param data undefined when there is none, or when it cannot be read
   *  @throws what ends the archive that it lies in */
  async #entry(entry: ArchiveEntry, data: EntryData | undefined, path: EntryPath): Promise<void> {
    await this.#breathe()
    this.#budget.takeEntry()
    const feed = new EntryFeed(this.#visitor.entry(path, entry), () => this.#breathe())
    try {
      if (data !== undefined) await this.#read(entry, data, path, feed)
    } catch (error) {
      if (error instanceof ArchiveStopped) throw error
      this.#tell(error, path)
      if (isFinal(error)) throw error
    } finally {
      await feed.end()
    }
  }

  async #read(entry: ArchiveEntry, data: EntryData, path: EntryPath, feed: EntryFeed): Promise<void> {
    // What is small is decoded to its end as fast as to its beginning.
    const isWanted = feed.wantsMore || (entry.sizeBytes ?? smallBytes) < smallBytes
    const whole = isWanted ? data.whole?.() : undefined
    const start = whole?.subarray(0, peekBytes) ?? (await data.peek())
    const detected = detectArchive(start)
    const claim = zipClaim(detected, entry.name)
    const kind = claim === undefined ? detected : 'zip'
    const isTooDeep = kind !== undefined && path.length >= this.#budget.limits.maxDepth
    if (isTooDeep) this.#visitor.problem(path, 'limit-reached')
    if (kind === undefined || isTooDeep) {
      if (whole !== undefined) await feed.whole(whole)
      else if (feed.wantsMore) await feed.drain(feed.through(data.chunks()))
      return
    }
    const all = whole ?? data.whole?.()
    const stream = feed.through(all === undefined ? data.chunks() : [all])
    try {
      if (claim !== undefined) await this.#nestedZip(data.source?.(), claim, stream, path, feed)
      else await this.#nestedStream(kind, stream, path, feed)
    } finally {
      await stream.return()
    }
  }

  async #nestedStream(
    kind: ArchiveKind,
    stream: AsyncGenerator<Buffer, void>,
    path: EntryPath,
    feed: EntryFeed,
  ): Promise<void> {
    try {
      await this.#stream(kind, shared(stream), path, path.at(-1) ?? Buffer.alloc(0))
    } catch (error) {
      if (error instanceof ArchiveStopped || isFinal(error) || feed.failure !== undefined) throw error
      this.#tell(error, path)
    }
    await feed.drain(shared(stream))
  }

  /** A zip is read from its end: it is held in memory, unless it lies in its archive as it is. */
  async #nestedZip(
    asItLies: ByteSource | undefined,
    claim: ZipClaim,
    stream: AsyncGenerator<Buffer, void>,
    path: EntryPath,
    feed: EntryFeed,
  ): Promise<void> {
    const memory = new HeldMemory(this.#budget)
    try {
      const source = asItLies ?? (await hold(stream, memory, (error) => this.#tell(error, path)))
      await feed.drain(shared(stream))
      if (source === undefined) return
      try {
        await this.#openedZip(source, claim, path, feed)
      } catch (error) {
        if (error instanceof ArchiveStopped || isFinal(error)) throw error
        this.#tell(error, path)
      }
    } finally {
      memory.free()
    }
  }

  async #openedZip(source: ByteSource, claim: ZipClaim, path: EntryPath, feed: EntryFeed): Promise<void> {
    const directory = findZipDirectory(source, claim)
    if (directory === undefined) return
    if (feed.sink?.wantsManifest === true) await this.#manifest(source, directory, path, feed.sink)
    await this.#zipEntries(source, directory, path)
  }

  async #manifest(
    source: ByteSource,
    directory: ZipDirectory,
    path: EntryPath,
    sink: Pick<EntrySink, 'manifest'>,
  ): Promise<void> {
    try {
      sink.manifest(await manifestLines(source, directory, this.#budget))
    } catch (error) {
      if (isFinal(error)) throw error
      this.#tell(error, path)
    }
  }

  #tell(error: unknown, path: EntryPath): void {
    if (!(error instanceof Error)) throw error
    if (this.#told.has(error)) return
    this.#told.add(error)
    if (error instanceof ArchiveError) this.#visitor.problem(path, error.code)
    else this.#visitor.problem(path, problemOf(error, '').code)
  }
}

/** Does it end everything? A machine that refuses to read on does. */
function isFinal(error: unknown): boolean {
  return error instanceof HostError || (error instanceof ArchiveError && error.isFinal)
}

/** All of a stream in memory; undefined, after `tell`, when that is more than may be held. */
async function hold(
  stream: AsyncIterator<Buffer, void>,
  memory: HeldMemory,
  tell: (error: ArchiveError) => void,
): Promise<ByteSource | undefined> {
  const pieces: Buffer[] = []
  let sizeBytes = 0
  for (let step = await stream.next(); step.done !== true; step = await stream.next()) {
    sizeBytes += step.value.length
    try {
      // Twice: the pieces, and then all of them together.
      memory.grow(2 * sizeBytes)
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error
      tell(error)
      return undefined
    }
    pieces.push(step.value)
  }
  return new MemorySource(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, sizeBytes))
}

/** A stream that whoever stops reading does not end. */
function shared(stream: AsyncIterator<Buffer, void>): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => ({ next: () => stream.next() }) }
}
