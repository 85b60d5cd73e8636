import type { ProblemCode } from '../module.ts'
import type { ArchiveEntry } from './archive-entry.ts'

/** The names of entries from the outermost archive in: `lib/log4j.jar`, `META-INF/MANIFEST.MF`. */
export type EntryPath = readonly Buffer[]

/** Who looks into archives. */
export interface ArchiveVisitor {
  /** Tells of an entry before its bytes are read.
   *  @returns who takes its bytes; undefined when nobody wants them */
  entry(path: EntryPath, entry: ArchiveEntry): EntrySink | undefined
  /** What could not be looked at: a whole archive, or one entry. The empty path is the file itself. */
  problem(path: EntryPath, code: ProblemCode): void
  /** Gives the event loop its turn when it is due; resolves to false when the run is to stop. */
  breathe(): Promise<boolean> | undefined
}

/** Takes the bytes of one entry in their order. */
export interface EntrySink {
  /** Is anything left that it wants to know? */
  readonly wantsMore: boolean
  /** Does it ask what the manifest says, should the entry be a jar? */
  readonly wantsManifest: boolean
  /** @param bytes all of the entry
   *  @returns true when nothing is to be said of it; `push` is not called then */
  isSettledBy(bytes: Buffer): boolean
  /** @returns false when the run is to stop */
  push(piece: Buffer): Promise<boolean>
  /** The lines that `manifestLines` gives, before `end`. */
  manifest(lines: readonly string[]): void
  /** @param sizeBytes of all that there is; undefined when its end was not seen, be it for a problem or because nothing more was wanted */
  end(sizeBytes: number | undefined): Promise<void>
}
