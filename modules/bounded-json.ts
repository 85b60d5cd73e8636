import { maxEventDepth, maxEventStringChars } from '../node/core/limits.ts'

/** Is this plain JSON, not deep, with strings that are well-formed and not long? Its size in all is the caller's to bound. */
export function isBounded(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return value.length <= maxEventStringChars && value.isWellFormed()
  if (typeof value === 'number') return Number.isFinite(value)
  if (value === null || value === undefined || typeof value === 'boolean') return true
  if (typeof value !== 'object' || depth >= maxEventDepth) return false
  return Object.entries(value).every(([key, inner]) => isBounded(key) && isBounded(inner, depth + 1))
}

/** All keys and strings of parameters: the only words that may name the group of a finding. */
export function wordsOf(parameters: unknown): ReadonlySet<string> {
  const words = new Set<string>()
  const left: unknown[] = [parameters]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value === 'string') words.add(value)
    if (typeof value !== 'object' || value === null) continue
    for (const [key, inner] of Object.entries(value)) {
      if (!Array.isArray(value)) words.add(key)
      left.push(inner)
    }
  }
  return words
}
