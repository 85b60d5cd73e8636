import type { OpenFile } from '../host/host.ts'
import { problemOf } from '../host-problem.ts'
import type { ProblemCode } from '../module.ts'
import { ContentScanners } from './content-scanners.ts'
import type { DataQuery } from './data-query.ts'
import { DataStream } from './data-stream.ts'
import { GunzipError, gunzip, isGzip } from './gunzip.ts'

const bufferBytes = 256 * 1024

/** Reads files, each once from its beginning as far as any search wants, and answers the queries about them. */
export class FileScanner {
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes)
  readonly #scanners = new ContentScanners()
  readonly #breathe: () => Promise<boolean> | undefined

  /** @param breathe gives the event loop its turn when it is due; resolves to false when the run is to stop */
  constructor(breathe: () => Promise<boolean> | undefined) {
    this.#breathe = breathe
  }

  /** @returns what went wrong; what a query could not learn for that reason stays unknown in it */
  async scan(file: OpenFile, queries: readonly DataQuery[]): Promise<ReadonlySet<ProblemCode>> {
    const problems = new Set<ProblemCode>()
    const reader = new Reader(file, this.#buffer)
    const wantsDecoding = queries.some((query) => query.plan.decompress)
    try {
      const isDecoded = wantsDecoding && isGzip(reader.peek())
      const decoded = new DataStream(
        queries.filter((query) => isDecoded && query.plan.decompress),
        this.#scanners,
      )
      const raw = new DataStream(
        queries.filter((query) => !isDecoded || !query.plan.decompress),
        this.#scanners,
      )
      if (!decoded.isDone) await this.#decode(reader, raw, decoded, problems)
      while (!raw.isDone && (await this.#feedNext(reader, raw)) !== undefined);
      // Stopped in the midst of the last chunk is not the end: an inverse check must not pass for want of lines.
      if (reader.isAtEnd && !reader.isStopped) await this.#feed(raw.end())
      else raw.abandon()
      if (reader.reads > 1 && file.changed()) problems.add('changed-while-read')
    } catch (error) {
      problems.add(problemOf(error, '').code)
    }
    return problems
  }

  async #decode(
    reader: Reader,
    raw: DataStream,
    decoded: DataStream,
    problems: Set<ProblemCode>,
  ): Promise<void> {
    try {
      for await (const piece of gunzip(this.#feedAll(reader, raw))) {
        if (!(await this.#feed(decoded.push(piece)))) reader.isStopped = true
        if (reader.isStopped) break
        if (decoded.isDone) return
      }
      if (reader.isAtEnd && !reader.isStopped) await this.#feed(decoded.end())
    } catch (error) {
      if (!(error instanceof GunzipError)) throw error
      if (!reader.isStopped) problems.add(error.code)
    }
    decoded.abandon()
  }

  /** All chunks of the file for the decoder, each given to `stream` too. */
  async *#feedAll(reader: Reader, stream: DataStream): AsyncGenerator<Buffer, void> {
    for (;;) {
      const chunk = await this.#feedNext(reader, stream)
      if (chunk === undefined) return
      // A copy: the decoder still holds it when the buffer is filled again.
      yield Buffer.from(chunk)
    }
  }

  /** @returns the chunk; undefined at the end and when the run is to stop */
  async #feedNext(reader: Reader, stream: DataStream): Promise<Buffer | undefined> {
    const chunk = reader.isStopped ? undefined : reader.next()
    if (chunk === undefined) return undefined
    if (await this.#feed(stream.push(chunk))) return chunk
    reader.isStopped = true
    return undefined
  }

  /** @returns false when the run is to stop */
  async #feed(work: Iterable<void>): Promise<boolean> {
    for (const _ of work) if ((await this.#breathe()) === false) return false
    return (await this.#breathe()) !== false
  }
}

class Reader {
  reads = 0
  isAtEnd = false
  isStopped = false
  readonly #file: OpenFile
  readonly #buffer: Buffer
  #peeked: Buffer | undefined
  #total = 0

  constructor(file: OpenFile, buffer: Buffer) {
    this.#file = file
    this.#buffer = buffer
  }

  /** The next bytes, which `next` will give again. */
  peek(): Buffer {
    this.#peeked ??= this.#read()
    return this.#peeked
  }

  /** A view that is good until the next call; undefined at the end. */
  next(): Buffer | undefined {
    const chunk = this.#peeked ?? this.#read()
    this.#peeked = undefined
    return chunk.length === 0 ? undefined : chunk
  }

  #read(): Buffer {
    if (this.isAtEnd) return Buffer.alloc(0)
    const count = this.#file.read(this.#buffer)
    this.reads += 1
    this.#total += count
    // A short read that brings all that the size promised is the end. Kernel files promise nothing and give pages.
    if (count === 0 || (count < this.#buffer.length && this.#total === this.#file.stat.sizeBytes)) {
      this.isAtEnd = true
    }
    return this.#buffer.subarray(0, count)
  }
}
