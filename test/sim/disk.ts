import type { OutsideMemory, OutsideRecord } from '../../node/gate/rollback-guard.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Change, Store } from '../../node/store/store.ts'
import type { SeededRandom } from './seeded-random.ts'

/** A disk that outlives its node's crashes. Like LevelDB's log it keeps writes in order; what was not synced when the power went is lost
 *  from some point on. */
export interface Disk {
  /** The store as the next start finds it. Whatever an earlier start still does is neither answered nor kept. */
  open(): Promise<Store>
  crash(random: SeededRandom): void
}

export function createDisk(): Disk {
  const log: { readonly changes: readonly Change[] }[] = []
  let syncedCount = 0
  let opening = 0

  return {
    async open() {
      const mine = ++opening
      const store = createMemoryStore()
      for (const { changes } of log) await store.write(changes, { sync: true })
      const alive = async <T>(task: () => Promise<T>): Promise<T> =>
        mine === opening ? task() : new Promise<T>(() => undefined)
      return {
        get: (key) => alive(() => store.get(key)),
        write: (changes, options) =>
          alive(async () => {
            await store.write(changes, options)
            log.push({
              changes: changes.map((change) =>
                'put' in change ? { ...change, value: change.value.slice() } : change,
              ),
            })
            if (options.sync) syncedCount = log.length
          }),
        entries: (range) => store.entries(range),
        keys: (range) => store.keys(range),
        close: async () => undefined,
      }
    },
    crash(random) {
      opening++
      const kept = syncedCount + random.below(log.length - syncedCount + 1)
      log.length = kept
      syncedCount = kept
    },
  }
}

/** The small file outside the state directory: every write is synced. */
export function createOutside(): { open(): OutsideMemory; crash(): void } {
  let record: OutsideRecord | undefined
  let opening = 0
  return {
    open() {
      const mine = ++opening
      return {
        read: async () => record,
        write: async (next) => {
          if (mine === opening) record = next
        },
      }
    },
    crash() {
      opening++
    },
  }
}
