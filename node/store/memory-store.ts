import { MigError } from '../core/error.ts'
import { assertKey } from './keyspace.ts'
import type { Change, Range, Store } from './store.ts'

export interface MemoryStoreOptions {
  /** Called before each write with all of its changes. What it throws is what `write` throws; nothing is written then. */
  readonly beforeWrite?: (changes: readonly Change[]) => void
}

/** A store in memory with the manners of the one on disk: for tests, simulation and meshes in one process. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  const values = new Map<string, Uint8Array>()
  /** The keys of `values`, ascending. */
  const order: string[] = []
  let isClosed = false

  function assertOpen(): void {
    if (isClosed) throw new MigError('internal', 'the store is closed')
  }

  function put(key: string, value: Uint8Array): void {
    if (!values.has(key)) order.splice(firstFrom(order, key), 0, key)
    values.set(key, value.slice())
  }

  function remove(key: string): void {
    if (values.delete(key)) order.splice(firstFrom(order, key), 1)
  }

  function select({ from, to, limit = Number.POSITIVE_INFINITY, reverse = false }: Range): string[] {
    assertOpen()
    const start = firstFrom(order, from)
    const end = Math.max(start, firstFrom(order, to))
    if (!reverse) return order.slice(start, Math.min(end, start + limit))
    return order.slice(Math.max(start, end - limit), end).reverse()
  }

  return {
    async get(key) {
      assertOpen()
      assertKey(key)
      return values.get(key)?.slice()
    },

    async write(changes) {
      assertOpen()
      for (const change of changes) assertKey('put' in change ? change.put : change.delete)
      options.beforeWrite?.(changes)
      for (const change of changes) {
        if ('put' in change) put(change.put, change.value)
        else remove(change.delete)
      }
    },

    async *entries(range) {
      // A stored value is never changed in place, so that holding it is a snapshot.
      const snapshot = select(range).map((key) => [key, values.get(key) ?? new Uint8Array()] as const)
      for (const [key, value] of snapshot) {
        assertOpen()
        yield [key, value.slice()] as const
      }
    },

    async *keys(range) {
      for (const key of select(range)) {
        assertOpen()
        yield key
      }
    },

    async close() {
      isClosed = true
    },
  }
}

/** Index of the first key that is not below `bound`. */
function firstFrom(order: readonly string[], bound: string): number {
  let low = 0
  let high = order.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((order[middle] as string) < bound) low = middle + 1
    else high = middle
  }
  return low
}
