import { median } from '../../cli/bench/figures.ts'

/** What one run of one program has cost. */
export interface Cost {
  readonly wallMs: number
  /** User and system, all its processes; NaN where nothing tells. */
  readonly cpuMs: number
  /** Peak resident memory of its largest process; NaN where nothing tells. */
  readonly peakMb: number
}

export interface Ratio {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Ours ÷ theirs, pair by pair. @param of what is compared */
export function ratioOf(ours: readonly Cost[], theirs: readonly Cost[], of: (cost: Cost) => number): Ratio {
  const each = ours.map((cost, n) => of(cost) / of(theirs[n] as Cost))
  return { median: median(each), min: Math.min(...each), max: Math.max(...each) }
}

/** The median of each part by itself. */
export function medianCost(costs: readonly Cost[]): Cost {
  const middle = (of: (cost: Cost) => number) => median(costs.map(of))
  return {
    wallMs: middle((cost) => cost.wallMs),
    cpuMs: middle((cost) => cost.cpuMs),
    peakMb: Math.max(...costs.map((cost) => cost.peakMb)),
  }
}
