import { kernelsOf } from './kernels.ts'
import { layout } from './layout.ts'

/** A buffer to read into, which scans of this thread take without a copy. */
export interface ReadBuffer {
  readonly bytes: Buffer
  /** Others may have it. May be called twice. */
  release(): void
}

/** Free parts of the memory: where they begin and end. */
let free: readonly (readonly [from: number, to: number])[] = [[layout.buffers, layout.end]]

/** A buffer in the memory of the kernels while there is room there, 5.4 MiB a thread; else one of its own, which is copied when it is scanned. */
export function readBuffer(sizeBytes: number): ReadBuffer {
  const kernels = kernelsOf('auto')
  // Kernels may read behind the end.
  const needed = (sizeBytes + 255) & ~127
  const place = free.find(([from, to]) => to - from >= needed)
  if (kernels === undefined || place === undefined) {
    return { bytes: Buffer.allocUnsafeSlow(sizeBytes), release: () => undefined }
  }
  const [from, to] = place
  free = [...free.filter((part) => part !== place), [from + needed, to]]
  let isReleased = false
  return {
    bytes: Buffer.from(kernels.bytes.buffer, from, sizeBytes),
    release: () => {
      if (isReleased) return
      isReleased = true
      free = merged([...free, [from, from + needed]])
    },
  }
}

function merged(parts: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const result: [number, number][] = []
  for (const [from, to] of [...parts].sort((a, b) => a[0] - b[0])) {
    const before = result.at(-1)
    if (before !== undefined && before[1] === from) before[1] = to
    else if (to > from) result.push([from, to])
  }
  return result
}
