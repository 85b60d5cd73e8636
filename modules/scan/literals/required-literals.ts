import type { TextKind } from '../program/text-kind.ts'
import { type CodePointSet, replacementPoint, sizeOfSet } from '../syntax/code-point-set.ts'
import type { Node } from '../syntax/node.ts'
import type { LiteralNeed } from './literal.ts'
import { crossed, emptyString, lowerAscii, type NeededString, type NeededStrings, rarer } from './strings.ts'

/** Finds literals one of which every match holds.
 *  @param minLength of each, in bytes
 *  @see RE2's prefilter, ripgrep's inner literals */
export function requiredLiterals(node: Node, text: TextKind, minLength: number): LiteralNeed {
  const { exact, best } = new Needs(text, minLength).of(node)
  if (exact?.length === 0) return { anyOf: [], isWhole: true }
  const isWhole =
    exact?.every(
      // A `\r` at the end of a line is not part of it.
      (string) =>
        string.text.length >= minLength &&
        !string.isLoose &&
        !(text === 'lines' && string.text.includes('\r')),
    ) === true && !hasAssertion(node)
  const strings = isWhole ? exact : rarer(best, exact, minLength)
  const anyOf = strings?.map(({ text, letters }) => ({ text, ignoreCase: letters === 'any-case' }))
  return { anyOf, isWhole }
}

interface Need {
  /** All that the part can match, assertions aside. */
  readonly exact?: NeededStrings | undefined
  /** Some of what every match holds. */
  readonly best?: NeededStrings | undefined
}

/** Strings of one sequence, and of all alternatives. */
const maxCrossed = 16
const maxAlternatives = 256
/** Characters of a class that are worth being tried one by one. */
const maxClassSize = 8
/** Times that a repeated part is written out. */
const maxCopies = 8

class Needs {
  readonly #text: TextKind
  readonly #minLength: number

  constructor(text: TextKind, minLength: number) {
    this.#text = text
    this.#minLength = minLength
  }

  of(node: Node): Need {
    switch (node.kind) {
      case 'empty':
      case 'assertion':
        return { exact: [emptyString] }
      case 'set':
        return { exact: stringsOf(node.set, this.#text) }
      case 'concatenation':
        return this.#sequence(node.parts.map((part) => this.of(part)))
      case 'alternation':
        return this.#either(node.parts.map((part) => this.of(part)))
      case 'repetition': {
        const { min, max } = node
        const body = this.of(node.body)
        if (max === 0) return { exact: [emptyString] }
        if (min === 0) return max === 1 ? this.#either([{ exact: [emptyString] }, body]) : {}
        const copies = this.#sequence(Array<Need>(Math.min(min, maxCopies)).fill(body))
        return min === max && min <= maxCopies ? copies : { best: this.#rarer(copies.best, copies.exact) }
      }
    }
  }

  #sequence(needs: readonly Need[]): Need {
    let run: NeededStrings = [emptyString]
    let best: NeededStrings | undefined
    let isExact = true
    for (const need of needs) {
      const longer = need.exact && crossed(run, need.exact, maxCrossed)
      if (longer !== undefined) {
        run = longer
        continue
      }
      isExact = false
      best = this.#rarer(this.#rarer(best, run), need.best)
      run = need.exact !== undefined && need.exact.length <= maxAlternatives ? need.exact : [emptyString]
    }
    best = this.#rarer(best, run)
    return isExact ? { exact: run, best } : { best }
  }

  #either(needs: readonly Need[]): Need {
    const exact = union(needs.map((need) => need.exact))
    const best = union(needs.map((need) => this.#rarer(need.best, need.exact)))
    return { exact, best }
  }

  #rarer(a: NeededStrings | undefined, b: NeededStrings | undefined): NeededStrings | undefined {
    return rarer(a, b, this.#minLength)
  }
}

function union(sets: readonly (NeededStrings | undefined)[]): NeededStrings | undefined {
  if (sets.some((set) => set === undefined)) return undefined
  const all = sets.flatMap((set) => set ?? [])
  const distinct = new Map(
    all.map((string) => [`${string.letters} ${string.isLoose} ${string.text}`, string]),
  )
  return distinct.size > maxAlternatives ? undefined : [...distinct.values()]
}

/** The characters of a set, each as its bytes; a letter in both cases as one. */
function stringsOf(set: CodePointSet, text: TextKind): NeededStrings | undefined {
  const [only, last] = set
  if (only !== undefined && only === last && set.length === 2 && only < 0x80 && only !== 0x0a) {
    return [
      {
        text: String.fromCharCode(only),
        letters: isAsciiLetter(only) ? 'as-written' : 'none',
        isLoose: false,
      },
    ]
  }
  if (sizeOfSet(set) > maxClassSize) return undefined
  const points = new Set<number>()
  for (let i = 0; i < set.length; i += 2) {
    for (let point = set[i] as number; point <= (set[i + 1] as number); point++) points.add(point)
  }
  // Any byte that is not UTF-8 reads as this one.
  if (text !== 'bytes' && points.has(replacementPoint)) return undefined
  const strings: NeededString[] = []
  for (const point of points) {
    const isLetter = isAsciiLetter(point)
    if (isLetter && points.has(point ^ 0x20)) {
      if (point < 0x60)
        strings.push({ text: lowerAscii(String.fromCharCode(point)), letters: 'any-case', isLoose: false })
    } else if (text === 'bytes') {
      strings.push({
        text: String.fromCharCode(point),
        letters: isLetter ? 'as-written' : 'none',
        isLoose: false,
      })
    } else if (!(text === 'lines' && point === 0x0a) && !(point >= 0xd800 && point <= 0xdfff)) {
      // Lines hold no newline, decoded text no surrogate: these match nothing.
      const bytes = Buffer.from(String.fromCodePoint(point)).toString('latin1')
      strings.push({ text: bytes, letters: isLetter ? 'as-written' : 'none', isLoose: false })
    }
  }
  return strings
}

function isAsciiLetter(point: number): boolean {
  return (point >= 0x41 && point <= 0x5a) || (point >= 0x61 && point <= 0x7a)
}

function hasAssertion(node: Node): boolean {
  switch (node.kind) {
    case 'assertion':
      return true
    case 'concatenation':
    case 'alternation':
      return node.parts.some(hasAssertion)
    case 'repetition':
      return hasAssertion(node.body)
    default:
      return false
  }
}
