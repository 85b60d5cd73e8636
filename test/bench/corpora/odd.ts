import { execFileSync } from 'node:child_process'
import { closeSync, ftruncateSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { needles } from './indicators.ts'

/** T6: what is meant to fool a scanner, and what is meant to take it for ever. */
export interface Odd {
  readonly directory: string
  /** A file of `n` letters, and one of twice as many. */
  readonly once: string
  readonly twice: string
  readonly onceBytes: number
}

/** @param lineBytes of the file that is one line
 *  @param onceBytes of what catastrophic patterns are tried on */
export function makeOdd(
  directory: string,
  sizes: { readonly lineBytes: number; readonly onceBytes: number },
): Odd {
  const files = join(directory, 'files')
  mkdirSync(files, { recursive: true })
  const needle = Buffer.from(needles.literal)
  const put = (name: string | Buffer, ...parts: readonly (string | Buffer)[]) =>
    writeFileSync(
      Buffer.concat([Buffer.from(`${files}/`), Buffer.from(name)]),
      Buffer.concat(parts.map((part) => Buffer.from(part))),
    )
  put('line-of-70-kb', 'a'.repeat(70_000), ' ', needle, '\nb\n')
  put('one-line', Buffer.alloc(sizes.lineBytes, 'x'), needle)
  put('zeros', Buffer.alloc(5000), needle, Buffer.alloc(5000))
  put('not-utf8', Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x0a]), needle, Buffer.from([0xf0, 0x9f, 0x0a]))
  put(Buffer.from([0x6e, 0xe9, 0xff, 0x6d]), 'a name that is not UTF-8\n', needle, '\n')
  put('cut-in-two', needle.subarray(0, 10), '\n', needle.subarray(10))
  put('empty')
  symlinkSync('.', join(files, 'loop'))
  execFileSync('mkfifo', [join(files, 'fifo')])
  const sparse = openSync(join(files, 'sparse'), 'wx')
  ftruncateSync(sparse, sizes.lineBytes)
  writeSync(sparse, needle, 0, needle.length, sizes.lineBytes)
  closeSync(sparse)
  const once = join(directory, 'once')
  const twice = join(directory, 'twice')
  for (const [folder, bytes] of [
    [once, sizes.onceBytes],
    [twice, 2 * sizes.onceBytes],
  ] as const) {
    mkdirSync(folder)
    writeFileSync(join(folder, 'letters'), Buffer.concat([Buffer.alloc(bytes, 'a'), Buffer.from('!')]))
  }
  return { directory: files, once, twice, onceBytes: sizes.onceBytes }
}
