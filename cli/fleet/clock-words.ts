import { clockToleranceSeconds } from '../../node/core/limits.ts'
import { clockWords } from '../../node/roles/clock-difference.ts'
import type { NetworkView } from '../../node/roles/network-view.ts'
import type { Finding } from './finding.ts'

const setIt = 'set it right, best by NTP (timedatectl set-ntp true, chronyc makestep, w32tm /resync)'

/** What the doctor says of this machine's clock beside its neighbours': a warning at most, since they may lie. */
export function describeClock(about: string, { clock }: NetworkView): readonly Finding[] {
  if (clock === undefined) return []
  const { aheadMinutes, neighbours } = clock
  if (aheadMinutes === 0)
    return [{ about, verdict: 'good', words: `the clock agrees with ${neighboursOf(neighbours)}` }]
  const beyond = `beyond ${clockToleranceSeconds / 60} min,`
  const effect =
    aheadMinutes > 0
      ? 'questions that expire soon have expired here before they come, and are dropped without an answer'
      : 'new questions are taken for ones of the future, and are not answered before that, if they last so long'
  return [
    {
      about,
      verdict: 'warning',
      words: `this machine's clock is ${beside(clock)}: ${beyond} ${effect}`,
      advice: neighbours === 1 ? `see which of the two is wrong, and ${setIt}` : setIt,
    },
  ]
}

/** `10 min ahead of its 3 neighbours'` */
export function beside({ aheadMinutes, neighbours }: NonNullable<NetworkView['clock']>): string {
  return `${clockWords(aheadMinutes)}${aheadMinutes > 0 ? ' of' : ''} ${neighboursOf(neighbours)}`
}

function neighboursOf(count: number): string {
  return count === 1 ? "its one neighbour's" : `its ${count} neighbours' (the median)`
}
