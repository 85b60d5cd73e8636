import type { OpenFile } from '../host/host.ts'
import { problemOf } from '../host-problem.ts'
import type { ProblemCode } from '../module.ts'
import { type ReadBuffer, readBuffer } from '../scan/kernels/read-buffer.ts'
import { ContentScanners } from './content-scanners.ts'
import type { DataQuery } from './data-query.ts'
import { DataStream } from './data-stream.ts'
import { GunzipError, gunzip, isGzip } from './gunzip.ts'
import { QuickLook } from './quick-look.ts'
import type { SearchPlan } from './search-plan.ts'
import { isSparse } from './sparse.ts'

const bufferBytes = 256 * 1024

/** Work in steps: yields where others may have their turn, and what must be awaited before it goes on. */
export type Steps<T> = Generator<Promise<unknown> | undefined, T>

/** What stands in the scanner's buffer of a file: its first bytes, until the next file is looked at. */
export interface FirstRead {
  readonly count: number
}

/** What scanning asks of the thread that it runs in. */
export interface Breath {
  /** Is the run to end? */
  readonly isStopped: boolean
  /** Lets others have their turn when it is due. */
  pause(): Promise<void> | undefined
}

/** Reads files, each once from its beginning as far as any search wants, and answers the queries about them. */
export class FileScanner {
  readonly #buffer: ReadBuffer
  readonly scanners = new ContentScanners()
  readonly breath: Breath
  #lastLook: { readonly plans: readonly SearchPlan[]; readonly look: QuickLook } | undefined

  constructor(breath: Breath) {
    this.breath = breath
    this.#buffer = readBuffer(bufferBytes)
  }

  /** Reads the beginning of a file.
   *  @returns undefined when that was all of it and no search is answered by it; else what it has read, for `scan`
   *  @throws HostError */
  look(file: OpenFile, plans: readonly SearchPlan[], endsShort: boolean): FirstRead | undefined {
    const { bytes } = this.#buffer
    const count = file.read(bytes)
    const isWhole = endsShort && count < bytes.length && !mayBeCut(count)
    if (isWhole && this.#quickLook(plans).isDull(bytes.subarray(0, count))) return undefined
    return { count }
  }

  #quickLook(plans: readonly SearchPlan[]): QuickLook {
    const last = this.#lastLook
    if (last !== undefined && isSame(last.plans, plans)) return last.look
    const look = new QuickLook(plans, this.scanners)
    this.#lastLook = { plans, look }
    return look
  }

  /** Gives its buffer back. */
  close(): void {
    this.#buffer.release()
  }

  /** @param first what `look` has read of it
   *  @param endsShort a read that brings less than was asked for is the file's end
   *  @returns what went wrong; what a query could not learn for that reason stays unknown in it */
  *scan(
    file: OpenFile,
    first: FirstRead,
    queries: readonly DataQuery[],
    endsShort: boolean,
  ): Steps<ReadonlySet<ProblemCode>> {
    const problems = new Set<ProblemCode>()
    const reader = new Reader(file, first, this.#buffer.bytes, endsShort)
    let raw: DataStream | undefined
    try {
      if (!reader.isAtEnd && isSparse(file.stat)) {
        problems.add('sparse-file')
        return problems
      }
      const isDecoded = isGzip(reader.peek()) && queries.some((query) => query.plan.decompress)
      raw = new DataStream(
        isDecoded ? queries.filter((query) => !query.plan.decompress) : queries,
        this.scanners,
      )
      if (isDecoded) {
        const decoded = new DataStream(
          queries.filter((query) => query.plan.decompress),
          this.scanners,
        )
        yield this.#decode(reader, raw, decoded, problems)
      }
      while (!raw.isDone && !reader.isStopped) {
        const chunk = reader.next()
        if (chunk === undefined) break
        yield* this.#feed(reader, raw.push(chunk))
      }
      // Stopped in the midst of the last chunk is not the end: an inverse check must not pass for want of lines.
      if (reader.isAtEnd && !reader.isStopped) yield* this.#feed(reader, raw.end())
      if (reader.reads > 1 && file.changed()) problems.add('changed-while-read')
    } catch (error) {
      problems.add(problemOf(error, '').code)
    } finally {
      // What was found by then is found, and whatever was taken for it is given back.
      raw?.abandon()
    }
    return problems
  }

  *#feed(reader: Reader, work: Iterable<void>): Steps<void> {
    for (const _ of work) {
      yield
      if (!this.breath.isStopped) continue
      reader.isStopped = true
      return
    }
    yield
    if (this.breath.isStopped) reader.isStopped = true
  }

  async #decode(
    reader: Reader,
    raw: DataStream,
    decoded: DataStream,
    problems: Set<ProblemCode>,
  ): Promise<void> {
    try {
      for await (const piece of gunzip(this.#feedAll(reader, raw))) {
        await this.#feedInTurn(reader, decoded.push(piece))
        if (reader.isStopped || decoded.isDone) return
      }
      if (reader.isAtEnd && !reader.isStopped) await this.#feedInTurn(reader, decoded.end())
    } catch (error) {
      // Whoever awaits this stands outside of the scan: a file that cannot be read on must not end the run.
      const code = error instanceof GunzipError ? error.code : problemOf(error, '').code
      if (!reader.isStopped) problems.add(code)
    } finally {
      decoded.abandon()
    }
  }

  /** All chunks of the file for the decoder, each given to `stream` too. */
  async *#feedAll(reader: Reader, stream: DataStream): AsyncGenerator<Buffer, void> {
    for (;;) {
      const chunk = reader.isStopped ? undefined : reader.next()
      if (chunk === undefined) return
      await this.#feedInTurn(reader, stream.push(chunk))
      if (reader.isStopped) return
      // A copy: the decoder still holds it when the buffer is filled again.
      yield Buffer.from(chunk)
    }
  }

  async #feedInTurn(reader: Reader, work: Iterable<void>): Promise<void> {
    for (const _ of work) {
      await this.breath.pause()
      if (!this.breath.isStopped) continue
      reader.isStopped = true
      return
    }
    await this.breath.pause()
    if (this.breath.isStopped) reader.isStopped = true
  }
}

/** The smallest unit of disks, and of the pages and records that files are read by. */
const blockBytes = 512

/** A read that comes to a block that is broken brings what lies before it, and only the next one fails. What is short by whole blocks may
 *  be cut so: the size, or another read, has to bear out that it is the end. */
function mayBeCut(count: number): boolean {
  return count > 0 && count % blockBytes === 0
}

function isSame(a: readonly SearchPlan[], b: readonly SearchPlan[]): boolean {
  return a === b || (a.length === b.length && a.every((plan, at) => plan === b[at]))
}

class Reader {
  reads = 0
  isAtEnd = false
  isStopped = false
  readonly #file: OpenFile
  readonly #buffer: Buffer
  readonly #endsShort: boolean
  #peeked: Buffer | undefined
  #total = 0

  constructor(file: OpenFile, first: FirstRead, buffer: Buffer, endsShort: boolean) {
    this.#file = file
    this.#buffer = buffer
    this.#endsShort = endsShort
    this.#peeked = this.#take(first.count)
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
    return this.#take(this.#file.read(this.#buffer))
  }

  #take(count: number): Buffer {
    this.reads += 1
    this.#total += count
    // A short read is the end where it can be trusted, or where it brings all that the size promised. Kernel files promise nothing and
    // give pages.
    if (count === 0) this.isAtEnd = true
    else if (count < this.#buffer.length) {
      this.isAtEnd = (this.#endsShort && !mayBeCut(count)) || this.#total === this.#file.stat.sizeBytes
    }
    return this.#buffer.subarray(0, count)
  }
}
