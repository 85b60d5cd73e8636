import type { ExitCode } from './context.ts'

/** Ends a command with another code than 0. */
export class Exit extends Error {
  readonly code: ExitCode
  constructor(code: ExitCode) {
    super(`exit ${code}`)
    this.code = code
  }
}
