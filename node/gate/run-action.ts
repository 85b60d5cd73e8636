import type { Action } from '../core/action.ts'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import type { Outcome } from '../core/outcome.ts'
import type { RunLimits } from '../verification/authorize-action.ts'
import { emptyResult, type Runner, type RunReport } from './runner.ts'

export interface ActionRun {
  readonly outcome: Outcome
  /** The first thing that did not end well. */
  readonly reason: string | undefined
  /** One an operation, by position. */
  readonly reports: readonly RunReport[]
}

/** Runs the operations of an action one after another. One that fails does not stop the others; a cancel does.
 *  The wall limit is the policy's or what is left until the action expires, whichever is less. */
export async function runAction(
  action: Action,
  limits: RunLimits,
  ports: { readonly runner: Runner; readonly clock: Clock },
  signal: AbortSignal,
): Promise<ActionRun> {
  const reports: RunReport[] = []
  for (const operation of action.operations) {
    if (signal.aborted) {
      reports.push({ outcome: 'cancelled', reason: 'cancelled', result: emptyResult('cancelled'), found: 0 })
      continue
    }
    const left = action.expireafter - ports.clock.now()
    const wallMs = Math.max(1000, Math.min(limits.wallSeconds * 1000, left))
    reports.push(
      await ports.runner
        .run({
          module: operation.module,
          parameters: operation.parameters,
          wallMs,
          cpuSeconds: limits.cpuSeconds,
          matches: limits.matches,
          outputBytes: limits.bytes,
          signal,
        })
        .catch((error: unknown): RunReport => {
          const reason = `module ${operation.module} could not be started: ${messageOf(error)}`.slice(0, 512)
          return { outcome: 'failed', reason, result: emptyResult(reason), found: 0 }
        }),
    )
  }
  const bad =
    reports.find((report) => report.outcome === 'cancelled') ??
    reports.find((report) => report.outcome !== 'done')
  return { outcome: bad?.outcome ?? 'done', reason: bad?.reason, reports }
}
