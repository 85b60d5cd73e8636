import type { Json, JsonObject } from './canonical-json.ts'

/** `->`: a member by name, an element by number (from the end when negative). Undefined where PostgreSQL gives NULL. */
export function jsonMember(json: Json, key: string | number): Json | undefined {
  if (Array.isArray(json)) return typeof key === 'number' ? (json.at(key) as Json | undefined) : undefined
  if (typeof json !== 'object' || json === null || typeof key === 'number') return undefined
  // Own members only: `constructor` is no fact about an agent.
  return Object.hasOwn(json, key) ? (json as JsonObject)[key] : undefined
}

/** `#>`: like `->` step by step; a step into an array must read as an integer. */
export function jsonAtPath(json: Json, path: readonly string[]): Json | undefined {
  let current: Json | undefined = json
  for (const step of path) {
    if (current === undefined) return undefined
    if (!Array.isArray(current)) current = jsonMember(current, step)
    else current = /^[+-]?\d{1,9}$/.test(step) ? jsonMember(current, Number(step)) : undefined
  }
  return current
}

/** `->>`: strings raw, JSON null as SQL NULL, everything else as its JSON text, compact. */
export function jsonAsText(json: Json | undefined): string | null {
  if (json === undefined || json === null) return null
  return typeof json === 'string' ? json : JSON.stringify(json)
}

const pathElement = /\s*(?:"((?:[^"\\]|\\.)*)"\s*|((?:[^"\\{},]|\\.)+))([,}])/sy

/** PostgreSQL's array literal of one dimension, `{a,"b c"}`, as the right side of `#>` and `#>>`.
 *  @returns undefined when it is malformed; null when an element is NULL, which makes the whole result NULL */
export function parsePath(text: string): readonly string[] | null | undefined {
  const body = text.trim()
  if (/^\{\s*\}$/.test(body)) return []
  if (!body.startsWith('{')) return undefined
  const path: string[] = []
  let hasNull = false
  pathElement.lastIndex = 1
  for (;;) {
    const match = pathElement.exec(body)
    if (match === null) return undefined
    const [, quoted, bare, end] = match
    const element = quoted ?? (bare ?? '').trim()
    if (quoted === undefined && element === '') return undefined
    if (quoted === undefined && element.toUpperCase() === 'NULL') hasNull = true
    path.push(element.replace(/\\(.)/gs, '$1'))
    if (end === '}') break
  }
  if (pathElement.lastIndex !== body.length) return undefined
  return hasNull ? null : path
}
