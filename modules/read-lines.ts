import type { Host } from './host/host.ts'

const chunkBytes = 64 * 1024
/** Longer lines are cut: no table of the kernel and no line of /etc that we read is near it. */
const maxLineChars = 4096

/** The lines of a text file, each byte as one character (latin1), without holding the file in memory.
 *  A chunk without a line end gives an empty line, so that the caller gets to look at its signal in endless files.
 *  @throws HostError */
export function* readLines(host: Host, path: string): Generator<string, void> {
  const file = host.open(path)
  try {
    const buffer = Buffer.alloc(chunkBytes)
    let partial = ''
    for (;;) {
      const count = file.read(buffer)
      if (count === 0) break
      const lines = buffer.toString('latin1', 0, count).split('\n')
      lines[0] = (partial + lines[0]).slice(0, maxLineChars)
      partial = (lines.pop() ?? '').slice(0, maxLineChars)
      if (lines.length > 0) yield* lines
      else yield ''
    }
    if (partial !== '') yield partial
  } finally {
    file.close()
  }
}
