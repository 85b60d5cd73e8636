import { maxEnteringBytes } from '../core/limits.ts'
import type { Item, ItemKind } from './item.ts'

/** Lets items in as they arrive: those of one kind side by side, so that they are written together, and no kind before all that came
 *  before it is in, because each is judged by those. */
export interface Intake {
  /** Returns when there is room for more. */
  take(items: readonly Item[]): Promise<void>
  /** When all are in. @returns how many were new and good */
  end(): Promise<number>
}

/** @param enter one item; whether it was new and good */
export function createIntake(enter: (item: Item) => Promise<boolean>): Intake {
  let entering: { readonly bytes: number; readonly done: Promise<unknown> }[] = []
  let kind: ItemKind | undefined
  let bytes = 0
  let fresh = 0
  let failure: { readonly error: unknown } | undefined

  async function settle(downTo: number): Promise<void> {
    while (bytes > downTo || (downTo === 0 && entering.length > 0)) {
      const [oldest, ...rest] = entering
      if (oldest === undefined) break
      await oldest.done
      entering = rest
      bytes -= oldest.bytes
    }
    if (failure !== undefined) throw failure.error
  }

  return {
    async take(items) {
      let run: Item[] = []
      const begin = () => {
        const sizeBytes = run.reduce((sum, item) => sum + item.bytes.length, 0)
        const done = Promise.all(run.map(enter)).then(
          (verdicts) => {
            fresh += verdicts.filter((isNew) => isNew).length
          },
          (error: unknown) => {
            failure ??= { error }
          },
        )
        entering.push({ bytes: sizeBytes, done })
        bytes += sizeBytes
        run = []
      }
      for (const item of items) {
        if (item.kind !== kind) {
          begin()
          await settle(0)
          kind = item.kind
        }
        run.push(item)
      }
      begin()
      await settle(maxEnteringBytes)
    },
    async end() {
      await settle(0)
      return fresh
    },
  }
}
