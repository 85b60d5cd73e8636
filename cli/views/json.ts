const risky = /[\u007f-\u009f\u2028\u2029\p{Cf}\p{Co}\p{Cs}]/gu

/** JSON that moves no cursor and turns no text round: what JSON itself leaves raw (C1 controls, direction marks, zero-width and
 *  private characters) is escaped as `\uXXXX`. It parses to the same value.
 *  @param indent blanks a level; without it everything is one line */
export function inertJson(value: unknown, indent?: number): string {
  return (JSON.stringify(value, undefined, indent) ?? 'null').replace(risky, escapeUnits)
}

function escapeUnits(character: string): string {
  let escaped = ''
  for (let i = 0; i < character.length; i++)
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  return escaped
}
