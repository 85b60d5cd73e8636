import type { ModuleResult } from '../../modules/module.ts'
import type { Json } from '../core/canonical-json.ts'

/** The port that runs one operation. */
export interface Runner {
  /** Modules that this agent can run. */
  readonly modules: ReadonlyMap<string, RunnableModule>
  run(order: RunOrder): Promise<RunReport>
}

export interface RunnableModule {
  readonly sensitive: boolean
  /** One sentence on what is wrong with the parameters; undefined when they are right. */
  checkParameters(parameters: Json): string | undefined
}

export interface RunOrder {
  readonly module: string
  readonly parameters: Json
  readonly wallMs: number
  readonly cpuSeconds: number
  readonly matches: number
  readonly outputBytes: number
  /** Aborts on cancel and when the gate stops: the child's process group is killed. */
  readonly signal: AbortSignal
}

export interface RunReport {
  readonly outcome: 'done' | 'failed' | 'timed-out' | 'cancelled'
  /** Why it is not `done`. */
  readonly reason?: string
  readonly result: ModuleResult
  /** Findings with a hit, exact beyond the caps. */
  readonly found: number
}

/** The result of an operation that gave none. */
export function emptyResult(error: string): ModuleResult {
  return { foundanything: false, success: false, elements: null, statistics: null, errors: [error] }
}
