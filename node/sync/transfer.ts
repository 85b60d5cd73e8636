import { MigError } from '../core/error.ts'
import { maxSyncBytes, maxSyncFrameBytes, syncBatchBytes } from '../core/limits.ts'
import type { FrameStream } from '../mesh/mesh.ts'
import type { Intake } from './intake.ts'
import { decodeItems, encodeItems, type Item } from './item.ts'

/** Sends items in frames of about `syncBatchBytes`, ended by an empty one: the stream itself stays open for the other direction.
 *  @param batches in the order in which they can be judged; no further frame is begun beyond `maxSyncBytes` or when `isLate`
 *  @returns how many went, and whether that was all */
export async function sendItems(
  batches: AsyncIterable<readonly Item[]>,
  stream: FrameStream,
  options: { readonly signal: AbortSignal; readonly isLate: () => boolean },
): Promise<{ readonly count: number; readonly isWhole: boolean }> {
  const { signal, isLate } = options
  let frame: Item[] = []
  let frameBytes = 0
  let total = 0
  let count = 0
  const flush = async () => {
    if (frame.length > 0) await stream.write(encodeItems(frame), { signal })
    count += frame.length
    frame = []
    frameBytes = 0
  }
  /** @returns whether all of it goes */
  const push = async (batch: readonly Item[]): Promise<boolean> => {
    for (const [at, item] of batch.entries()) {
      // Before each frame, not each batch alone: one may be megabytes.
      if ((at === 0 || frame.length === 0) && (total >= maxSyncBytes || isLate())) return false
      frame.push(item)
      frameBytes += item.bytes.length
      total += item.bytes.length
      if (frameBytes >= syncBatchBytes) await flush()
    }
    return true
  }
  let isWhole = true
  for await (const batch of batches) {
    isWhole = await push(batch)
    if (!isWhole) break
  }
  await flush()
  await stream.write(new Uint8Array(0), { signal })
  return { count, isWhole }
}

export interface Taken {
  readonly count: number
  /** How many of them were new and good. */
  readonly fresh: number
  readonly bytes: number
}

/** Takes what the other side sends; the next frame is on its way while those before it are judged and written.
 *  @throws MigError `too-large` beyond `maxSyncBytes`, `bad-input` for what is no frame of items */
export async function takeItems(intake: Intake, stream: FrameStream, signal: AbortSignal): Promise<Taken> {
  let bytes = 0
  let count = 0
  for (;;) {
    const frame = await stream.read({ signal, maxBytes: maxSyncFrameBytes })
    if (frame === undefined || frame.length === 0) return { count, fresh: await intake.end(), bytes }
    bytes += frame.length
    // One batch may have been begun below the bound.
    if (bytes > maxSyncBytes + 2 * maxSyncFrameBytes)
      throw new MigError('too-large', 'sync: the other side sends more than one session may hold')
    const items = decodeItems(frame)
    if (items === undefined) throw new MigError('bad-input', 'sync: a frame of items cannot be read')
    count += items.length
    await intake.take(items)
  }
}
