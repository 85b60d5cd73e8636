import type { FileStat, HostError, OpenFile } from '../host/host.ts'
import { problemOf } from '../host-problem.ts'
import type { ProblemCode } from '../module.ts'
import type { BytePath } from './file-path.ts'

/** A file to be tested, by the scopes (their places in the list) that it lies in. */
export interface FileVisit {
  readonly kind: 'file'
  readonly scopes: readonly number[]
  readonly directory: BytePath
  readonly name: Buffer
  /** Is it a regular file, or a link to one? */
  readonly isRegular: boolean
  /** Of what a link leads to. @throws HostError */
  readonly stat: () => FileStat
  /** @throws HostError */
  readonly open: () => OpenFile
}

export interface ProblemVisit {
  readonly kind: 'problem'
  readonly code: ProblemCode
  readonly about: BytePath
  /** MIG counts what it could not open. */
  readonly failedToOpen: boolean
}

/** Comes where nothing else does, so that whoever walks can stop in between. */
export interface Pulse {
  readonly kind: 'pulse'
}

export type Visit = FileVisit | ProblemVisit | Pulse

export function problemVisit(
  cause: HostError | ProblemCode,
  about: BytePath,
  failedToOpen: boolean,
): ProblemVisit {
  const code = typeof cause === 'string' ? cause : problemOf(cause, about).code
  return { kind: 'problem', code, about, failedToOpen }
}
