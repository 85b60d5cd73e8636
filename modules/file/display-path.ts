import { isUtf8 } from 'node:buffer'
import { sequenceLength } from './decode-lossy.ts'

/** How a path is shown: as it is when it is UTF-8; else each bad byte as `\xNN`, and all of it as base64 beside. */
export interface DisplayPath {
  readonly file: string
  readonly rawfile?: string
}

export function displayPath(path: Buffer): DisplayPath {
  if (isUtf8(path)) return { file: path.toString('utf8') }
  let file = ''
  for (let at = 0; at < path.length; ) {
    const byte = path[at] as number
    const length = byte < 0x80 ? 1 : sequenceLength(path, at)
    if (length === 0) file += `\\x${byte.toString(16).padStart(2, '0')}`
    else file += path.toString('utf8', at, at + length)
    at += Math.max(1, length)
  }
  return { file, rawfile: path.toString('base64') }
}
