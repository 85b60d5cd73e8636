import type { ChildProcess } from 'node:child_process'

/** Reads what a process says on stdout until it has ended; beyond the bound nothing is kept.
 *  @returns the bytes, empty when they were too many, and how it ended: `code 0`, or the signal */
export function readReport(
  child: ChildProcess,
  maxBytes: number,
): Promise<{ readonly output: Buffer; readonly how: string }> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = []
    let length = 0
    child.stdout?.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > maxBytes) chunks = []
      else chunks.push(chunk)
    })
    const end = (how: string) =>
      resolve({ output: length > maxBytes ? Buffer.alloc(0) : Buffer.concat(chunks), how })
    child.once('error', (error) => end(error.message))
    // `close` comes after the last of its output.
    child.once('close', (code, signal) => end(signal ?? `code ${code}`))
  })
}
