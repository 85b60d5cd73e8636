import { cpus, totalmem } from 'node:os'
import { MigError } from '../../node/core/error.ts'

/** One measured figure, with what it should be. */
export interface Figure {
  readonly what: string
  readonly value: string
  readonly aim?: string
}

/** `AMD EPYC …, 2 cores, 24 GB, Node 20.20.2, linux x64` */
export function describeMachine(): string {
  const all = cpus()
  const model = all[0]?.model.trim() ?? 'unknown processor'
  return `${model}, ${all.length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, ${process.platform} ${process.arch}`
}

/** How long refusals and failures take is no figure of ours.
 *  @throws MigError `internal` unless every agent was expected and has answered */
export function allAnswered(
  { expected, answered }: { readonly expected: number; readonly answered: number },
  agents: number,
): void {
  if (expected === agents && answered === agents) return
  throw new MigError(
    'internal',
    `${answered} of ${expected} expected agents have answered, not all ${agents}`,
  )
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`
}

/** How often `work` runs in a second, best of three runs of at least `forMs`: other work on the machine only ever makes it slower. */
export async function perSecond(work: () => unknown, forMs: number): Promise<string> {
  let best = 0
  for (let round = 0; round < 3; round++) {
    const started = performance.now()
    let count = 0
    do {
      await work()
      count++
    } while (performance.now() - started < forMs)
    best = Math.max(best, (count * 1000) / (performance.now() - started))
  }
  return `${Math.round(best).toLocaleString('en')} /s`
}
