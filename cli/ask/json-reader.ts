import type { Json } from '../../node/core/canonical-json.ts'
import { MigError } from '../../node/core/error.ts'
import { maxDepthInParameters, maxDepthOutside } from '../../node/core/limits.ts'

const maxDepth = maxDepthInParameters + maxDepthOutside
const dangerous = new Set(['__proto__', 'constructor', 'prototype'])
const blank = /[ \t\r\n]*/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const text = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y

/** Reads JSON that a person may have edited: says where it is wrong, and refuses what two readers could read differently.
 *  @throws MigError `bad-json` with the character offset: syntax, a name that stands twice, dangerous names, nesting */
export function readJson(source: string): Json {
  let at = 0

  function fail(what: string, position = at): MigError {
    const before = source.slice(0, position).split('\n')
    const line = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
    return new MigError('bad-json', `${what} (${line})`, { position })
  }
  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = at
    const found = pattern.exec(source)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  function skip(): void {
    match(blank)
  }
  function expected(what: string): MigError {
    const found = source[at]
    return fail(`expected ${what}, got ${found === undefined ? 'the end' : JSON.stringify(found)}`)
  }
  function string(): string {
    const found = match(text)
    if (found === undefined)
      throw source[at] === '"' ? fail('a text that does not end, or a bad escape') : expected('a text')
    return JSON.parse(found) as string
  }
  function value(depth: number): Json {
    skip()
    if (depth > maxDepth) throw fail(`nested deeper than ${maxDepth} levels`)
    const first = source[at]
    if (first === '{') return object(depth)
    if (first === '[') return array(depth)
    if (first === '"') return string()
    for (const [word, meaning] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (!source.startsWith(word, at)) continue
      at += word.length
      return meaning
    }
    const digits = match(number)
    if (digits === undefined) throw expected('a value')
    return Number(digits)
  }
  function object(depth: number): Json {
    const entries = new Map<string, Json>()
    at++
    skip()
    while (source[at] !== '}') {
      if (entries.size > 0) {
        if (source[at] !== ',') throw expected("',' or '}'")
        at++
        skip()
      }
      const start = at
      const name = string()
      if (dangerous.has(name)) throw fail(`the name ${name} is not allowed`, start)
      if (entries.has(name)) throw fail(`${JSON.stringify(name)} stands there twice`, start)
      skip()
      if (source[at] !== ':') throw expected("':'")
      at++
      entries.set(name, value(depth + 1))
      skip()
    }
    at++
    return Object.fromEntries(entries)
  }
  function array(depth: number): Json {
    const items: Json[] = []
    at++
    skip()
    while (source[at] !== ']') {
      if (items.length > 0) {
        if (source[at] !== ',') throw expected("',' or ']'")
        at++
      }
      items.push(value(depth + 1))
      skip()
    }
    at++
    return items
  }

  const read = value(1)
  skip()
  if (at < source.length) throw expected('the end')
  return read
}
