/** Random numbers that a seed repeats (mulberry32). */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** From 0 up to, and without, `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }

  one<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }
}

// Letters that fold to others beyond ASCII, characters of each length, controls, what looks like syntax.
const literals = [
  ...'aabbckKsS019_-. é',
  ...['ſ', 'K', 'ß', 'ẞ', 'µ', 'Ω', '€', '\ufffd', '😀', 'ΐ', 'ı', 'İ', 'ά', '{', '}', ',', '\t'],
]
const escapes = [
  ...[
    '\\n',
    '\\r',
    '\\t',
    '\\.',
    '\\\\',
    '\\x41',
    '\\xe9',
    '\\xff',
    '\\x{20ac}',
    '\\x{10ffff}',
    '\\101',
    '\\0',
  ],
  ...['\\x{d800}', '\\x{fffd}', '\\*', '\\-'],
]
const classes = [
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\pL',
  '\\PL',
  '\\p{Greek}',
  '\\p{^Lu}',
  '\\P{Nd}',
  '\\pN',
]
// What is negated first and folded then is not what is folded first.
const foldedFirst = ['(?i:\\W)', '(?i:[^k])', '(?i:[\\Wx])', '(?i:\\P{Lu})']
const posix = [
  '[:alpha:]',
  '[:^alpha:]',
  '[:word:]',
  '[:^digit:]',
  '[:punct:]',
  '[:space:]',
  '[:upper:]',
  '[:^lower:]',
]
const assertions = ['^', '$', '\\A', '\\z', '\\b', '\\B', '^', '$']
const repetitions = [
  '*',
  '+',
  '?',
  '*?',
  '+?',
  '??',
  '{2}',
  '{0,2}',
  '{1,}',
  '{2,3}',
  '{0}',
  '{3,}?',
  '{,2}',
  '{01}',
]
const groups = [
  '(',
  '(?:',
  '(?i:',
  '(?s:',
  '(?m:',
  '(?P<n>',
  '(?<n>',
  '(?i-s:',
  '(?-i:',
  '(?U:',
  '(?ims:',
  '(?-ims:',
]
const bareFlags = ['(?i)', '(?i)', '(?i)', '(?s)', '(?m)', '(?U)', '(?-i)', '(?im)']

/** A pattern of Go's syntax, now and then one that Go refuses. */
export function randomPattern(dice: Dice, depth = 3): string {
  const parts: string[] = []
  const flags = depth === 3 && dice.below(4) === 0 ? dice.one(bareFlags) : ''
  for (let alternatives = dice.below(4) === 0 ? 2 : 1; alternatives > 0; alternatives--) {
    let sequence = ''
    for (let atoms = dice.below(5); atoms >= 0; atoms--) {
      sequence += randomAtom(dice, depth)
      if (dice.below(3) === 0) sequence += dice.one(repetitions)
    }
    parts.push(sequence)
  }
  return flags + parts.join('|')
}

function randomAtom(dice: Dice, depth: number): string {
  const roll = dice.below(24)
  if (roll < 9) return dice.one(literals)
  if (roll < 11) return dice.one(escapes)
  if (roll < 13) return '.'
  if (roll < 15) return dice.one(dice.below(4) === 0 ? foldedFirst : classes)
  if (roll < 18) return randomBrackets(dice)
  if (roll < 20) return dice.one(assertions)
  if (roll === 20) return `\\Q${dice.one(literals)}.*${dice.one(literals)}\\E`
  if (roll === 21) return dice.one(bareFlags)
  if (depth === 0) return dice.one(literals)
  return `${dice.one(groups)}${randomPattern(dice, depth - 1)})`
}

function randomBrackets(dice: Dice): string {
  let inside = dice.below(3) === 0 ? '^' : ''
  for (let members = dice.below(4); members >= 0; members--) {
    const roll = dice.below(8)
    if (roll < 3) inside += dice.one(literals)
    else if (roll < 5)
      inside += dice.one([
        'a-c',
        '0-9',
        'A-Z',
        'α-ω',
        '\\x00-\\x1f',
        '\\x80-\\xff',
        'k-s',
        '-',
        ']',
        '\ufff0-\uffff',
      ])
    else if (roll === 5) inside += dice.one(posix)
    else if (roll === 6) inside += dice.one(classes)
    else inside += dice.one(escapes)
  }
  return `[${inside}]`
}

const words = ['badguy', 'Evil', 'token', 'kiss', 'corp', 'tmp/x', 'é€', 'abc', 'bcd', 'abcab']

/** A pattern with something to search for, now and then exactly a word. */
export function randomWordPattern(dice: Dice): string {
  const flags = dice.one(['', '', '(?i)'])
  const word = (): string => dice.one(words)
  switch (dice.below(8)) {
    case 0:
    case 1:
      return flags + word()
    case 2:
      return `${flags}(${word()}|${word()})${word()}`
    case 3:
      return `${flags}^${word()}`
    case 4:
      return `${flags}${word()}.*${word()}$`
    case 5:
      return `${flags}${randomPattern(dice, 1)}${word()}`
    case 6:
      return `${flags}\\b${word()}s?\\b|${word()}[0-9]`
    default:
      return randomPattern(dice)
  }
}

/** Text with words of those patterns. */
export function randomWordText(dice: Dice): Buffer {
  const parts: Buffer[] = []
  for (let count = dice.below(30); count > 0; count--) {
    const word = dice.one(words)
    const roll = dice.below(6)
    if (roll === 0) parts.push(Buffer.from(word))
    else if (roll === 1) parts.push(Buffer.from(word.slice(0, 3)))
    else if (roll === 2) parts.push(Buffer.from(word.toUpperCase()))
    else parts.push(dice.one(pieces))
  }
  return Buffer.concat(parts)
}

const pieces: readonly Buffer[] = [
  ...[...'aaabbcckKsS019_-. \t{},.*'].map((text) => Buffer.from(text)),
  ...['é', 'ſ', 'K', 'ß', 'ẞ', 'µ', 'Ω', 'ω', '€', '\ufffd', '😀', 'ΐ', 'ı', 'ά', '\u{10ffff}'].map((text) =>
    Buffer.from(text),
  ),
  ...['\n', '\r\n', '\r', '\r\r\n', '\0'].map((text) => Buffer.from(text)),
  // Not UTF-8: stray and missing continuations, overlong, surrogates, beyond the last code point.
  ...[
    '80',
    'bf',
    'c3',
    'e2',
    'e282',
    'f0',
    'f09f',
    'f09f98',
    'c0af',
    'e08080',
    'eda080',
    'f4908080',
    'ff',
    'fe',
    'c1',
  ].map((hex) => Buffer.from(hex, 'hex')),
]

/** Text with lines, some of it not UTF-8. */
export function randomText(dice: Dice): Buffer {
  const parts: Buffer[] = []
  for (let count = dice.below(24); count > 0; count--) {
    const piece = dice.one(pieces)
    for (let repeat = dice.below(6) === 0 ? 3 : 1; repeat > 0; repeat--) parts.push(piece)
  }
  return Buffer.concat(parts)
}
