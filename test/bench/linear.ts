import { median } from '../../cli/bench/figures.ts'
import { searchAll } from './case.ts'
import type { Corpora } from './corpora/corpora.ts'
import type { MeasureOptions } from './measure.ts'
import { readAnswer } from './module-events.ts'
import { orderLine, WarmHost } from './warm-host.ts'

/** Takes time exponential or quadratic in the text where engines go back: V8's never ends on the first with 40 letters. */
const catastrophic = [
  '(a+)+$',
  '(a|aa)+$',
  '(a|a)*$',
  '(.*)*b',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  'a*a*a*a*a*b',
  '(a{1,30}){1,30}b',
]

/** Highest time(2n) ÷ time(n) that issue 4 wants. */
export const linearAim = 2.2

export interface LinearRow {
  readonly pattern: string
  readonly bytes: number
  readonly onceMs: number
  readonly twiceMs: number
  /** Of the pairs' ratios, the median. */
  readonly ratio: number
}

/** Case 21: each pattern over n letters and over 2n, in turn, in a warm host. */
export async function measureLinear(
  { odd }: Corpora,
  options: MeasureOptions,
): Promise<readonly LinearRow[]> {
  const host = new WarmHost(options)
  const rows: LinearRow[] = []
  try {
    for (const pattern of catastrophic) {
      const ask = async (directory: string) => {
        const { cost, output } = await host.run(orderLine(searchAll(directory, { contents: [pattern] })))
        readAnswer(output, {})
        return cost.wallMs
      }
      await ask(odd.twice)
      const once: number[] = []
      const twice: number[] = []
      for (let pair = 0; pair < options.pairs; pair++) {
        once.push(await ask(odd.once))
        twice.push(await ask(odd.twice))
      }
      const ratio = median(twice.map((ms, n) => ms / (once[n] as number)))
      rows.push({ pattern, bytes: odd.onceBytes, onceMs: median(once), twiceMs: median(twice), ratio })
    }
  } finally {
    await host.stop()
  }
  return rows
}
