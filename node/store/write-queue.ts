import { maxWriteGroupBytes } from '../core/limits.ts'

/** One step of a batch, with its value as it stands on the disk. */
export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string }

export interface WriteQueue {
  /** In the order of calls. Writes that wait together are committed together; one that asks for the disk brings all to it. */
  push(operations: readonly Operation[], sync: boolean): Promise<void>
  /** When nothing waits any more. */
  drained(): Promise<void>
}

interface Waiting {
  readonly operations: readonly Operation[]
  readonly sync: boolean
  readonly settle: (failure?: { readonly error: unknown }) => void
}

/** One commit at a time: a failure then concerns exactly the batch that was under way, and one sync serves many writers. */
export function createWriteQueue(
  commit: (operations: readonly Operation[], sync: boolean) => Promise<void>,
): WriteQueue {
  const waiting: Waiting[] = []
  let pumping: Promise<void> | undefined

  async function pump(): Promise<void> {
    while (waiting.length > 0) {
      const group = takeGroup(waiting)
      const sync = group.some((write) => write.sync)
      try {
        await commit(
          group.flatMap((write) => write.operations),
          sync,
        )
        for (const write of group) write.settle()
      } catch (error) {
        for (const write of group) write.settle({ error })
      }
    }
    // In the same turn as the last look at the queue: a write that comes later starts a pump of its own.
    pumping = undefined
  }

  return {
    push: (operations, sync) =>
      new Promise((resolve, reject) => {
        const settle: Waiting['settle'] = (failure) =>
          failure === undefined ? resolve() : reject(failure.error)
        waiting.push({ operations, sync, settle })
        pumping ??= pump()
      }),
    async drained() {
      await pumping
    },
  }
}

export function sizeOf(operations: readonly Operation[]): number {
  let bytes = 0
  for (const operation of operations) {
    bytes += operation.key.length + (operation.type === 'put' ? operation.value.length : 0)
  }
  return bytes
}

/** As many as fit into one group, but always the first. */
function takeGroup(waiting: Waiting[]): Waiting[] {
  let bytes = 0
  let count = 0
  for (const write of waiting) {
    bytes += sizeOf(write.operations)
    if (count > 0 && bytes > maxWriteGroupBytes) break
    count++
  }
  return waiting.splice(0, count)
}
