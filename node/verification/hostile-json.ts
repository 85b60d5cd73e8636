import { deepestNesting, type Json } from '../core/canonical-json.ts'
import { utf8Decode } from '../core/encoding.ts'
import { maxDepthInParameters, maxDepthOutside } from '../core/limits.ts'

const maxDepth = maxDepthOutside + maxDepthInParameters
const dangerousKeys = new Set(['__proto__', 'constructor', 'prototype'])

/** Reads JSON that an agent sealed: any text and any number, since a file may have any name, but no deep nesting and no
 *  key that is dangerous on an object. The caller bounds the bytes. Undefined when it is not such JSON. */
export function parseHostileJson(bytes: Uint8Array): Json | undefined {
  // Before the parser runs: JSON.parse is quadratic on deep nesting.
  if (deepestNesting(bytes) > maxDepth) return undefined
  const text = utf8Decode(bytes)
  if (text === undefined) return undefined
  try {
    const value = JSON.parse(text) as Json
    return hasDangerousKey(value) ? undefined : value
  } catch {
    // Not JSON: undefined says so.
    return undefined
  }
}

function hasDangerousKey(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some((item) => hasDangerousKey(item as Json))
  return Object.entries(value).some(([key, item]) => dangerousKeys.has(key) || hasDangerousKey(item as Json))
}
