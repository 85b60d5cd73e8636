import type { ByteName, FileKind, FileStat, OpenFile } from '../host/host.ts'
import type { ProblemCode } from '../module.ts'
import type { BytePath } from './file-path.ts'

/** A file to be tested, by the scopes (their places in the list) that it lies in. */
export interface FileVisit {
  readonly scopes: readonly number[]
  readonly directory: BytePath
  readonly name: ByteName
  /** Was it listed as a regular file, or is it a link to one? */
  readonly isRegular: boolean
  /** As it was listed; of what a link leads to where that is what is tested. */
  readonly kind: FileKind
  /** Does a read that brings less than was asked for end a file here? Not on file systems that the kernel makes or other programs serve. */
  readonly endsShort: boolean
  /** Of what a link leads to; asked once. @throws HostError */
  stat(): FileStat
  /** @throws HostError */
  open(): OpenFile
}

/** What a walk comes by. */
export interface Visitor {
  /** @returns undefined when the file is done with, else what is left to do, which yields where others may have their turn, or what
   *  must be awaited before it goes on */
  file(visit: FileVisit): Work | undefined
  /** @param failedToOpen MIG counts what it could not open */
  problem(code: ProblemCode, about: BytePath, failedToOpen: boolean): void
}

export type Work = Generator<Promise<unknown> | undefined, void>
