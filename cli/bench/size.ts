import { hostLingerMs } from '../../node/core/limits.ts'

/** How much is measured, and how long is waited before it. */
export interface BenchSize {
  readonly labAgents: number
  readonly realAgents: number
  readonly scaleAgents: number
  /** Of which the median is printed; one more goes before them and warms up. */
  readonly rounds: number
  /** Links settle, and V8 has seen the code, as on an endpoint that has been up for a while. */
  readonly settleMs: number
  /** Between two rounds. */
  readonly pauseMs: number
  /** How long each of the three runs of a rate lasts at least. */
  readonly rateMs: number
  /** Starts of a command of which the median is printed. */
  readonly starts: number
  /** Before processes are watched that have nothing to do. */
  readonly restMs: number
  readonly idleSeconds: number
  /** Answers that the catch-up brings. */
  readonly missed: number
}

/** What docs/benchmarks.md is made with. */
export const fullSize: BenchSize = {
  labAgents: 50,
  realAgents: 10,
  scaleAgents: 200,
  rounds: 5,
  settleMs: 5000,
  pauseMs: 3000,
  rateMs: 400,
  starts: 7,
  // The module host of the last question has gone by then.
  restMs: hostLingerMs + 5000,
  idleSeconds: 60,
  missed: 100_000,
}

/** Shows within seconds that all of it runs; its figures say little. */
export const quickSize: BenchSize = {
  labAgents: 3,
  realAgents: 2,
  scaleAgents: 4,
  rounds: 2,
  settleMs: 200,
  pauseMs: 100,
  rateMs: 20,
  starts: 2,
  restMs: 0,
  idleSeconds: 1,
  missed: 300,
}
