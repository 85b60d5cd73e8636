import { RE2JS } from 're2js'
import { decodeLossy } from '../../../modules/file/decode-lossy.ts'

/** What Go's regexp says of each line of a text, by re2js: the oracle. */
export function goLines(source: string, text: Buffer): readonly boolean[] {
  const regex = RE2JS.compile(source)
  return linesOf(text).map((line) => regex.test(decodeLossy(line)))
}

/** As Go's bufio.ScanLines cuts them: at `\n`, without one trailing `\r`; a last line needs no newline, an empty text has none. */
function linesOf(text: Buffer): readonly Buffer[] {
  const lines = text
    .toString('latin1')
    .split('\n')
    .map((line) => Buffer.from(line.endsWith('\r') ? line.slice(0, -1) : line, 'latin1'))
  return text.length === 0 || text.at(-1) === 0x0a ? lines.slice(0, -1) : lines
}

/** Does re2js take the pattern? */
export function isValidPattern(source: string): boolean {
  try {
    RE2JS.compile(source)
    return true
  } catch {
    return false
  }
}
