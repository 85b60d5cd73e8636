import { byteFrequency } from './byte-frequency.ts'

/** One string of a set of which a match needs one. */
export interface NeededString {
  /** One character a byte; ASCII letters in lower case when `letters` is 'any-case'. */
  readonly text: string
  readonly letters: 'none' | 'as-written' | 'any-case'
  /** More may be taken than the pattern takes: case was forgotten in a part. */
  readonly isLoose: boolean
}

/** Strings, of which a match needs one. */
export type NeededStrings = readonly NeededString[]

export const emptyString: NeededString = { text: '', letters: 'none', isLoose: false }

/** Each of the one followed by each of the other; undefined when that is too many, or too long.
 *  @param maxStrings most strings of the result */
export function crossed(a: NeededStrings, b: NeededStrings, maxStrings: number): NeededStrings | undefined {
  const [before, after] = [a[0], b[0]]
  // Nearly all there is to do for a list of indicators.
  if (a.length === 1 && b.length === 1 && before !== undefined && after !== undefined) {
    return before.text.length + after.text.length > maxLength ? undefined : [joined(before, after)]
  }
  if (a.length * b.length > maxStrings) return undefined
  const result = a.flatMap((before) => b.map((after) => joined(before, after)))
  return result.some(({ text }) => text.length > maxLength) ? undefined : result
}

/** Which of two sets is rarer in texts; one that cannot be searched for is never better.
 *  @param minLength of a string that can be searched for */
export function rarer(
  a: NeededStrings | undefined,
  b: NeededStrings | undefined,
  minLength: number,
): NeededStrings | undefined {
  const [first, second] = [a, b].filter((strings) => strings?.every(({ text }) => text.length >= minLength))
  if (first === undefined || second === undefined) return first ?? second
  return frequency(second) < frequency(first) ? second : first
}

/** Longer ones are not rarer. */
const maxLength = 64

function joined(before: NeededString, after: NeededString): NeededString {
  if (before.letters === 'none' || after.letters === 'none' || before.letters === after.letters) {
    return {
      text: before.text + after.text,
      letters: before.letters === 'none' ? after.letters : before.letters,
      isLoose: before.isLoose || after.isLoose,
    }
  }
  return { text: lowerAscii(before.text + after.text), letters: 'any-case', isLoose: true }
}

export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** Expected occurrences a byte. */
function frequency(strings: NeededStrings): number {
  let sum = 0
  for (const { text, letters } of strings) {
    let product = 1
    for (let i = 0; i < text.length; i++) product *= byteFrequency(text.charCodeAt(i), letters === 'any-case')
    sum += product
  }
  return sum
}
