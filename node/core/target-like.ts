/** A LIKE pattern, compiled once. Matching costs at most length of pattern times length of text. */
export interface LikePattern {
  matches(text: string): boolean
}

type Part = '%' | '_' | { readonly character: string }

/** SQL LIKE: `%` any run, `_` one character, backslash takes the next character literally. The whole text must match.
 *  @returns undefined when the pattern ends in a lone backslash, which PostgreSQL refuses */
export function compileLike(
  pattern: string,
  flags: { readonly ignoreCase: boolean },
): LikePattern | undefined {
  const fold = (text: string): string => (flags.ignoreCase ? text.toLowerCase() : text)
  const parts: Part[] = []
  // Characters, not UTF-16 units: `_` is one emoji.
  const characters = [...fold(pattern)]
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string
    if (character === '%') {
      if (parts.at(-1) !== '%') parts.push('%')
    } else if (character === '_') parts.push('_')
    else if (character !== '\\') parts.push({ character })
    else {
      const escaped = characters[++i]
      if (escaped === undefined) return undefined
      parts.push({ character: escaped })
    }
  }
  return { matches: (text) => matchParts(parts, [...fold(text)]) }
}

/** Only the last `%` is ever widened: an earlier one that matched as little as it could need not be revisited. */
function matchParts(parts: readonly Part[], text: readonly string[]): boolean {
  let part = 0
  let at = 0
  let lastAny = -1
  let anyEnd = 0
  while (at < text.length) {
    const wanted = parts[part]
    if (wanted === '%') {
      lastAny = part++
      anyEnd = at
    } else if (wanted !== undefined && (wanted === '_' || wanted.character === text[at])) {
      part++
      at++
    } else if (lastAny < 0) return false
    // A trailing % takes everything that is left.
    else {
      part = lastAny + 1
      at = ++anyEnd
    }
  }
  while (parts[part] === '%') part++
  return part === parts.length
}
