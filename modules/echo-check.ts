import type { z } from 'zod'
import { layersOf } from './schema-layers.ts'

type Check = (value: unknown, words: ReadonlySet<string>) => boolean

/** Checks the fields of an element whose schema carries `.meta({ echo: true })`: every string there must be a word of the
 *  question. They repeat it beside a hit, and a schema alone cannot tell a repeated pattern from a stolen line. */
export function createEchoCheck(schema: z.ZodType): Check {
  return checkOf(schema) ?? (() => true)
}

function checkOf(schema: z.ZodType): Check | undefined {
  const layers = layersOf(schema)
  if (layers.some((layer) => layer.meta()?.echo === true)) return holdsOnlyWords
  const core = layers.at(-1) as z.ZodType
  if (core.def.type === 'array') {
    const item = checkOf((core as z.ZodArray).element as z.ZodType)
    return item && ((value, words) => !Array.isArray(value) || value.every((each) => item(each, words)))
  }
  if (core.def.type !== 'object') return undefined
  const fields = Object.entries((core as z.ZodObject).shape).flatMap(([key, field]) => {
    const check = checkOf(field as z.ZodType)
    return check === undefined ? [] : [[key, check] as const]
  })
  if (fields.length === 0) return undefined
  return (value, words) =>
    typeof value !== 'object' ||
    value === null ||
    fields.every(([key, check]) => check((value as Record<string, unknown>)[key], words))
}

function holdsOnlyWords(value: unknown, words: ReadonlySet<string>): boolean {
  if (typeof value === 'string') return words.has(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.values(value).every((inner) => holdsOnlyWords(inner, words))
}
