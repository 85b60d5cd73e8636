/** A LIKE pattern, compiled once. Matching costs at most the text's length times a 32nd of the pattern's. */
export interface LikePattern {
  matches(text: string): boolean
}

/** SQL LIKE: `%` any run, `_` one character, backslash takes the next character literally. The whole text must match.
 *  @returns undefined when the pattern ends in a lone backslash, which PostgreSQL refuses */
export function compileLike(
  pattern: string,
  flags: { readonly ignoreCase: boolean },
): LikePattern | undefined {
  const fold = (text: string): string => (flags.ignoreCase ? text.toLowerCase() : text)
  // One bit for each position between the pattern's characters: `%` keeps a position alive, a character moves it on.
  const staying: number[] = []
  const any: number[] = []
  const positions = new Map<string, number[]>()
  let length = 0
  // Characters, not UTF-16 units: `_` is one emoji.
  const characters = [...fold(pattern)]
  for (let i = 0; i < characters.length; i++) {
    let character = characters[i] as string
    if (character === '%') {
      if (staying.at(-1) !== length) staying.push(length)
    } else if (character === '_') any.push(length++)
    else {
      if (character === '\\') {
        if (i + 1 === characters.length) return undefined
        character = characters[++i] as string
      }
      const known = positions.get(character)
      if (known === undefined) positions.set(character, [length++])
      else known.push(length++)
    }
  }
  const words = (length >>> 5) + 1
  const stays = bits(staying, words)
  const others = bits(any, words)
  const moves = new Map([...positions].map(([character, at]) => [character, bits([...at, ...any], words)]))

  return {
    matches(text) {
      const alive = bits([0], words)
      for (const character of fold(text)) {
        if (!step(alive, moves.get(character) ?? others, stays)) return false
      }
      return ((alive[length >>> 5] as number) & (1 << (length & 31))) !== 0
    },
  }
}

function bits(positions: readonly number[], words: number): Uint32Array {
  const set = new Uint32Array(words)
  for (const at of positions) set[at >>> 5] = (set[at >>> 5] as number) | (1 << (at & 31))
  return set
}

/** Reads one character. False when no position is left alive. */
function step(alive: Uint32Array, moves: Uint32Array, stays: Uint32Array): boolean {
  let left = 0
  let carry = 0
  for (let word = 0; word < alive.length; word++) {
    const here = alive[word] as number
    const moving = here & (moves[word] as number)
    const next = (moving << 1) | carry | (here & (stays[word] as number))
    carry = moving >>> 31
    alive[word] = next
    left |= next
  }
  return left !== 0
}
