import type { ProblemCode } from '../module.ts'

export type ArchiveErrorCode = Extract<
  ProblemCode,
  'corrupt-data' | 'too-large' | 'limit-reached' | 'encrypted' | 'not-supported-here'
>

/** A part of an archive that cannot be read. */
export class ArchiveError extends Error {
  readonly code: ArchiveErrorCode
  /** A bound on the whole is reached: nothing more of this file is read. */
  readonly isFinal: boolean

  constructor(code: ArchiveErrorCode, { isFinal = false } = {}) {
    super(code)
    this.name = 'ArchiveError'
    this.code = code
    this.isFinal = isFinal
  }
}

export function corrupt(): ArchiveError {
  return new ArchiveError('corrupt-data')
}
