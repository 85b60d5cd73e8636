import type { Action } from '../core/action.ts'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import { plusSeconds } from '../core/instant.ts'
import { clockToleranceSeconds, detailPageBytes, maxDetailPages } from '../core/limits.ts'
import type { Outcome } from '../core/outcome.ts'
import type { RunLimits } from '../verification/authorize-action.ts'
import { emptyResult, type Runner, type RunReport } from './runner.ts'

/** Statistics, problems and field names of one result: 100 problems of 512 characters, each up to six bytes when escaped. */
const frameBytes = 384 * 1024

export interface ActionRun {
  readonly outcome: Outcome
  /** The first thing that did not end well. */
  readonly reason: string | undefined
  /** One an operation, by position. */
  readonly reports: readonly RunReport[]
}

/** Runs the operations of an action one after another. One that fails does not stop the others; a cancel does.
 *  The wall limit is the policy's or what is left until the action expires, whichever is less; what had to wait too long for its
 *  turn does not run at all. All results together fit into the detail pages. */
export async function runAction(
  action: Action,
  limits: RunLimits,
  ports: { readonly runner: Runner; readonly clock: Clock },
  signal: AbortSignal,
): Promise<ActionRun> {
  const reports: RunReport[] = []
  let bytesLeft = maxDetailPages * detailPageBytes - action.operations.length * frameBytes
  for (const operation of action.operations) {
    if (signal.aborted) {
      reports.push({ outcome: 'cancelled', reason: 'cancelled', result: emptyResult('cancelled'), found: 0 })
      continue
    }
    const left = action.expireafter - ports.clock.now()
    if (ports.clock.now() > plusSeconds(action.expireafter, clockToleranceSeconds)) {
      const reason = 'it had expired before its turn came'
      reports.push({ outcome: 'timed-out', reason, result: emptyResult(reason), found: 0 })
      continue
    }
    const wallMs = Math.max(1000, Math.min(limits.wallSeconds * 1000, left))
    const report = await ports.runner
      .run({
        module: operation.module,
        parameters: operation.parameters,
        wallMs,
        cpuSeconds: limits.cpuSeconds,
        matches: limits.matches,
        outputBytes: Math.min(limits.bytes, bytesLeft),
        signal,
      })
      .catch((error: unknown): RunReport => {
        const reason = `module ${operation.module} could not be started: ${messageOf(error)}`.slice(0, 512)
        return { outcome: 'failed', reason, result: emptyResult(reason), found: 0 }
      })
    bytesLeft = Math.max(0, bytesLeft - Buffer.byteLength(JSON.stringify(report.result.elements)))
    reports.push(report)
  }
  const bad =
    reports.find((report) => report.outcome === 'cancelled') ??
    reports.find((report) => report.outcome !== 'done')
  return { outcome: bad?.outcome ?? 'done', reason: bad?.reason, reports }
}
