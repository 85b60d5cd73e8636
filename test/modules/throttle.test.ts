import { describe, expect, it } from 'vitest'
import { longestRestMs, sliceMs, Throttle } from '../../modules/throttle.ts'

/** A process whose clocks go on as it is told. */
function aProcess() {
  let cpu = 500
  let now = 10_000
  return {
    usage: { cpuMs: () => cpu, nowMs: () => now },
    /** Works on so many cores at once. */
    work(ms: number, cores = 1) {
      now += ms
      cpu += ms * cores
    },
    wait(ms: number) {
      now += ms
    },
  }
}

/** Works for a while as a run does, and says what share of a core it took. */
function shareTaken(share: number, cores: number, forMs: number): number {
  const { usage, work, wait } = aProcess()
  const throttle = new Throttle(share, usage)
  const [cpu, now] = [usage.cpuMs(), usage.nowMs()]
  while (usage.nowMs() - now < forMs) {
    work(1, cores)
    if (!throttle.isDue()) continue
    for (let ms = throttle.restMs(); ms > 0; ms = throttle.restMs()) wait(ms)
  }
  return (usage.cpuMs() - cpu) / (usage.nowMs() - now)
}

describe('Throttle', () => {
  it.each([0.05, 0.1, 0.25, 0.5, 0.9])(
    'keeps a process to %f of a core, whatever threads it has',
    (share) => {
      for (const cores of [1, 2, 4]) {
        const taken = shareTaken(share, cores, 10_000)
        expect(taken).toBeLessThan(share * 1.1)
        expect(taken).toBeGreaterThan(share * 0.8)
      }
    },
  )

  it('never works longer than a slice, nor rests longer at a time than its bound', () => {
    const { usage, work } = aProcess()
    const throttle = new Throttle(0.01, usage)
    work(sliceMs - 1)
    expect(throttle.isDue()).toBe(false)
    work(1)
    expect(throttle.isDue()).toBe(true)
    expect(throttle.restMs()).toBe(longestRestMs)
  })

  it('saves up no time in which it waited', () => {
    const { usage, work, wait } = aProcess()
    const throttle = new Throttle(0.1, usage)
    wait(60_000)
    expect(throttle.restMs()).toBe(0)
    work(sliceMs)
    expect(throttle.restMs()).toBeGreaterThan(0)
  })

  it('does nothing to a run that may take all of a core', () => {
    const { usage, work } = aProcess()
    const throttle = new Throttle(1, usage)
    work(10_000)
    expect(throttle.isDue()).toBe(false)
    expect(throttle.restMs()).toBe(0)
  })
})

it('begins with the debt of the thread that started it', () => {
  const { usage, work } = aProcess()
  const first = new Throttle(0.1, usage)
  work(200, 2)
  expect(new Throttle(0.1, usage, first.start).restMs()).toBe(longestRestMs)
  expect(new Throttle(0.1, usage).restMs()).toBe(0)
})
