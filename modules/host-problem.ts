import { HostError } from './host/host.ts'
import type { Problem, ProblemCode } from './module.ts'

/** Turns what the machine refused into a problem. Anything else is our own fault and is thrown on.
 *  @throws what it was given, unless that is a HostError */
export function problemOf(error: unknown, about: string): Problem {
  if (!(error instanceof HostError)) throw error
  return { kind: 'problem', code: problemCodeOf(error), about }
}

function problemCodeOf(error: HostError): ProblemCode {
  switch (error.code) {
    case 'not-directory':
      return 'not-found'
    case 'is-link':
      return 'symlink-not-followed'
    case 'not-supported':
      return 'not-supported-here'
    default:
      return error.code
  }
}
