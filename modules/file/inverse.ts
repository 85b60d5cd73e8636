/** `!regex` asks for what does not match; `!` alone is a pattern. */
export function splitInverse(text: string): { readonly pattern: string; readonly inverse: boolean } {
  const inverse = text.length > 1 && text.startsWith('!')
  return { pattern: inverse ? text.slice(1) : text, inverse }
}
