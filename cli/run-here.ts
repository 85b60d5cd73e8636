import { createHost } from '../modules/host/create-host.ts'
import type { ModuleDefinition, ModuleResult } from '../modules/module.ts'
import { runModule } from '../modules/run-module.ts'
import type { Json } from '../node/core/canonical-json.ts'

export interface RunLimits {
  /** Since the start of this process; undefined = none. */
  readonly wallMs?: number | undefined
  readonly matches: number
  readonly outputBytes: number
}

/** Runs a module in this process to MIG's result. */
export async function runHere(
  definition: ModuleDefinition,
  parameters: Json,
  root: string,
  limits: RunLimits,
  signal: AbortSignal,
): Promise<ModuleResult> {
  const over = new AbortController()
  const timer =
    limits.wallMs === undefined
      ? undefined
      : setTimeout(
          () => over.abort(new Error('deadline')),
          Math.min(Math.max(0, limits.wallMs - performance.now()), 2 ** 31 - 1),
        )
  const { result } = await runModule(
    definition,
    parameters,
    {
      host: createHost({ root }),
      signal: AbortSignal.any([signal, over.signal]),
      now: Date.now(),
      maxMatches: limits.matches,
    },
    { maxOutputBytes: limits.outputBytes },
  )
  clearTimeout(timer)
  return result
}
