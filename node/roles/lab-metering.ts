import type { Probe } from '../core/probe.ts'
import type { Runner } from '../gate/runner.ts'
import type { Store } from '../store/store.ts'

/** A store whose work is counted. Iterations are not: they happen at starts and in tidying. */
export function meteredStore(store: Store, probe: Probe | undefined): Store {
  if (probe === undefined) return store
  return {
    get: (key) => probe.measure('store', () => store.get(key)),
    write: (changes, options) => probe.measure('store', () => store.write(changes, options)),
    entries: (range) => store.entries(range),
    keys: (range) => store.keys(range),
    close: () => store.close(),
  }
}

/** A runner whose modules' work is counted. */
export function meteredRunner(runner: Runner, probe: Probe | undefined): Runner {
  if (probe === undefined) return runner
  return {
    modules: runner.modules,
    run: (order) => probe.measure('run', () => runner.run(order)),
  }
}
