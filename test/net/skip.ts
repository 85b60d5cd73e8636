import { labUnavailable } from './lab.ts'

/** True, said loudly, where there can be no lab: a silent skip would read as a pass. */
export function skipWithoutLab(): boolean {
  const reason = labUnavailable()
  if (reason === undefined) return false
  process.stderr.write(`\n*** NETWORK TESTS SKIPPED: ${reason}\n\n`)
  return true
}
