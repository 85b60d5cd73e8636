import { utf8, utf8Decode } from './encoding.ts'
import { maxDepthInParameters, maxDepthOutside } from './limits.ts'

export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** Why bytes are not a signed body; `at` is a JSON path such as `operations[0].module`. */
export type CanonicalFault =
  | { readonly code: 'too-large' | 'not-utf8' | 'not-json' | 'not-canonical' | 'too-deep' }
  | { readonly code: 'bad-value'; readonly at: string; readonly reason: string }

export type CanonicalResult =
  | { readonly kind: 'ok'; readonly value: JsonObject }
  | { readonly kind: 'fault'; readonly fault: CanonicalFault }

const dangerousKeys = new Set(['__proto__', 'constructor', 'prototype'])
// C0, DEL, C1, and everything that reorders what a reader sees.
const controls = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u
const controlsInParameters =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u
// Drawn as nothing: soft hyphen, joiners, invisible operators, annotation marks, tags. Listed, not by Unicode category:
// every node must draw the same line, whatever version of Unicode it knows.
const invisible =
  /[\u00ad\u180e\u200b-\u200d\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/u

/** Reads a signed body: bounded bytes in canonical form (RFC 8785, restricted shape), or the reason why not.
 *  Size and depth are checked before the parser runs; what was parsed must print as exactly the bytes received.
 *  @see docs/protocol.md 2.2 */
export function parseCanonical(bytes: Uint8Array, maxBytes: number): CanonicalResult {
  const fault = (code: Exclude<CanonicalFault['code'], 'bad-value'>): CanonicalResult => ({
    kind: 'fault',
    fault: { code },
  })
  if (bytes.length > maxBytes) return fault('too-large')
  if (deepestNesting(bytes) > maxDepthOutside + maxDepthInParameters) return fault('too-deep')
  const text = utf8Decode(bytes)
  if (text === undefined) return fault('not-utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return fault('not-json')
  }
  if (!isPlainObject(value)) return fault('not-json')
  const problem = checkShape(value)
  if (problem !== undefined) return { kind: 'fault', fault: problem }
  // Duplicate keys, other number spellings, key order and blanks all end here.
  if (canonicalize(value) !== text) return fault('not-canonical')
  return { kind: 'ok', value }
}

/** The canonical text of a value of the restricted shape.
 *  @throws TypeError naming the path of what has no canonical form */
export function canonicalize(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is not a safe integer`)
    return String(value === 0 ? 0 : value)
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalize(item as Json)).join(',')}]`
  const object = value as JsonObject
  // RFC 8785 3.2.3 sorts by UTF-16 code units, which is what sort() does.
  const keys = Object.keys(object)
    .filter((key) => object[key] !== undefined)
    .sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalize(object[key] as Json)}`).join(',')}}`
}

/** Canonical bytes of a document that we make ourselves.
 *  @throws TypeError when it breaks the restricted shape */
export function canonicalBytes(value: object): Uint8Array {
  const problem = checkShape(value as JsonObject)
  if (problem !== undefined) throw new TypeError(describeFault(problem))
  return utf8(canonicalize(value as JsonObject))
}

export function describeFault(fault: CanonicalFault): string {
  switch (fault.code) {
    case 'bad-value':
      return `${fault.at || 'document'}: ${fault.reason}`
    case 'too-large':
      return 'document is too large'
    case 'too-deep':
      return 'document is nested too deeply'
    case 'not-utf8':
      return 'document is not UTF-8'
    case 'not-json':
      return 'document is not a JSON object'
    case 'not-canonical':
      return 'document is not in canonical form (RFC 8785)'
  }
}

function isPlainObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Depth of brackets outside strings: JSON.parse itself is quadratic on deep nesting. */
export function deepestNesting(bytes: Uint8Array): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inString) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x5b || byte === 0x7b) deepest = Math.max(deepest, ++depth)
    else if (byte === 0x5d || byte === 0x7d) depth--
  }
  return deepest
}

function checkShape(root: JsonObject): CanonicalFault | undefined {
  const bad = (at: string, reason: string): CanonicalFault => ({ code: 'bad-value', at, reason })

  function walk(
    value: Json | undefined,
    at: string,
    depth: number,
    place: Place,
  ): CanonicalFault | undefined {
    if (value === undefined) return undefined
    const inParameters = place === 'parameters'
    if (value === null) return inParameters ? undefined : bad(at, 'null is allowed only inside parameters')
    if (typeof value === 'string') {
      const reason = textFault(value, inParameters)
      return reason === undefined ? undefined : bad(at, reason)
    }
    if (typeof value === 'number')
      return Number.isSafeInteger(value) ? undefined : bad(at, 'is not a safe integer')
    if (typeof value === 'boolean') return undefined
    if (depth > (inParameters ? maxDepthInParameters : maxDepthOutside)) return { code: 'too-deep' }
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        const fault = walk(
          value[i] as Json,
          `${at}[${i}]`,
          depth + 1,
          place === 'operations' ? 'operation' : inParameters ? place : 'elsewhere',
        )
        if (fault !== undefined) return fault
      }
      return undefined
    }
    for (const [key, item] of Object.entries(value)) {
      const path = at === '' ? key : `${at}.${key}`
      if (dangerousKeys.has(key)) return bad(path, 'is a dangerous key')
      const keyFault = textFault(key, inParameters)
      if (keyFault !== undefined) return bad(at, `key ${keyFault}`)
      const next = placeOf(place, key)
      const enters = next === 'parameters' && !inParameters
      const fault = walk(item as Json, path, enters ? 1 : depth + 1, next)
      if (fault !== undefined) return fault
    }
    return undefined
  }
  return walk(root, '', 1, 'top')
}

/** The parameters of an action's operations follow rules of their own. */
type Place = 'top' | 'operations' | 'operation' | 'parameters' | 'elsewhere'

function placeOf(place: Place, key: string): Place {
  if (place === 'parameters') return place
  if (place === 'top' && key === 'operations') return 'operations'
  return place === 'operation' && key === 'parameters' ? 'parameters' : 'elsewhere'
}

/** Printable ASCII can be none of what is looked for; nearly all text is. */
const plain = /^[\x20-\x7e]*$/

function textFault(text: string, inParameters: boolean): string | undefined {
  if (plain.test(text)) return undefined
  if (!text.isWellFormed()) return 'holds a lone surrogate'
  if ((inParameters ? controlsInParameters : controls).test(text))
    return 'holds a control or direction character'
  if (inParameters) return undefined
  if (invisible.test(text)) return 'holds an invisible character'
  if (text.normalize('NFC') !== text) return 'is not in normal form C'
  return undefined
}
