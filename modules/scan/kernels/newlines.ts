import type { Kernels } from './kernels.ts'

const newline = 0x0a

/** How many newlines there are in bytes from `from` up to, and without, `to`. */
export function newlinesIn(bytes: Buffer, from: number, to: number, kernels: Kernels | undefined): number {
  let count = 0
  if (kernels === undefined) {
    for (let at = bytes.indexOf(newline, from); at >= 0 && at < to; at = bytes.indexOf(newline, at + 1))
      count += 1
    return count
  }
  for (let at = from; at < to; ) {
    const end = Math.min(to, kernels.pieceEnd(bytes, at))
    count += kernels.run.newlines(kernels.addressOf(bytes, at, end, {}), 0, end - at)
    at = end
  }
  return count
}
