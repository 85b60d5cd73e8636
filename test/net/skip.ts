import { labUnavailable } from './lab.ts'

/** The short form, as CI plays it: without what takes long. */
export const isShort = process.env.MIG_NET_SHORT === '1'

/** True, said loudly, where there can be no lab: a silent skip would read as a pass. */
export function skipWithoutLab(): boolean {
  const reason = labUnavailable()
  if (reason === undefined) return false
  process.stderr.write(`\n*** NETWORK TESTS SKIPPED: ${reason}\n\n`)
  return true
}
