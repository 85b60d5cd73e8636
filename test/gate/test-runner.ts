import { modules } from '../../modules/registry.ts'
import { runnableModules } from '../../node/gate/runnable-modules.ts'
import type { Runner, RunOrder, RunReport } from '../../node/gate/runner.ts'

/** A runner that keeps a list of what it ran, and may be told to wait. */
export interface TestRunner extends Runner {
  /** The words of every operation that was started. */
  readonly runs: string[]
  /** From now on runs wait for `release`, or until they are called off. */
  hold(): void
  release(): void
  /** Resolves when so many runs have been started in all. */
  started(count: number): Promise<void>
  /** What the next runs report. */
  report: (order: RunOrder) => RunReport
}

export function createTestRunner(): TestRunner {
  const runs: string[] = []
  const watchers = new Set<() => void>()
  let gate = Promise.withResolvers<void>()
  gate.resolve()
  return {
    modules: runnableModules(modules),
    runs,
    hold() {
      gate = Promise.withResolvers<void>()
    },
    release: () => gate.resolve(),
    started: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (runs.length < count) return
          watchers.delete(look)
          resolve()
        }
        watchers.add(look)
        look()
      }),
    report: () => ({
      outcome: 'done',
      found: 0,
      result: {
        foundanything: false,
        success: true,
        elements: {},
        statistics: { stufffound: 0 },
        errors: null,
      },
    }),
    async run(order) {
      runs.push(wordOf(order))
      for (const watcher of watchers) watcher()
      const calledOff = new Promise<void>((resolve) => {
        if (order.signal.aborted) resolve()
        else order.signal.addEventListener('abort', () => resolve(), { once: true })
      })
      await Promise.race([gate.promise, calledOff])
      if (!order.signal.aborted) return this.report(order)
      const result = {
        foundanything: false,
        success: false,
        elements: null,
        statistics: null,
        errors: ['cancelled'],
      }
      return { outcome: 'cancelled', reason: 'cancelled', found: 0, result }
    },
  }
}

/** What `aQuestion` asked for. */
export function wordOf(order: Pick<RunOrder, 'parameters'>): string {
  return (order.parameters as { lookuphost?: string[] }).lookuphost?.[0] ?? '?'
}
