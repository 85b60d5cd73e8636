import { RE2JS } from 're2js'
import { decodeLossy } from '../../../modules/file/decode-lossy.ts'
import { LineSplitter } from '../../../modules/file/line-splitter.ts'

/** What Go's regexp says of each line of a text, by re2js: the oracle. */
export function goLines(source: string, text: Buffer): readonly boolean[] {
  const regex = RE2JS.compile(source)
  const splitter = new LineSplitter(Number.POSITIVE_INFINITY)
  return [...splitter.push(text), ...splitter.end()].map(({ bytes }) => regex.test(decodeLossy(bytes)))
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
