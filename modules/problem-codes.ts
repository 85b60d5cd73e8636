import type { ProblemCode } from './module.ts'

// A record, so that the compiler finds a code that is missing here.
const known: Record<ProblemCode, true> = {
  'not-found': true,
  'permission-denied': true,
  'not-regular': true,
  'symlink-loop': true,
  'symlink-not-followed': true,
  'outside-root': true,
  'name-too-long': true,
  vanished: true,
  'changed-while-read': true,
  'read-failed': true,
  'corrupt-data': true,
  encrypted: true,
  'too-large': true,
  'sparse-file': true,
  'skipped-filesystem': true,
  'limit-reached': true,
  'not-supported-here': true,
  'not-resolved': true,
}

/** Every code that a module's problem may carry, for checking what comes from a child. */
export const problemCodes = Object.keys(known) as readonly ProblemCode[]
