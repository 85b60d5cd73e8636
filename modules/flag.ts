import type { z } from 'zod'
import { layersOf } from './schema-layers.ts'

/** One option of a module, as read from the schema of its command line. */
export interface Flag {
  /** Without dashes: `ci`. */
  readonly flag: string
  /** The field of the options schema: `connectedip`. */
  readonly key: string
  readonly kind: 'boolean' | 'number' | 'text'
  readonly repeat: boolean
  /** What stands for the value in help texts; undefined for booleans. */
  readonly placeholder: string | undefined
  readonly help: string
  readonly default: unknown
}

/** The flags of a flat options schema whose fields carry `.meta({ flag, help, placeholder })`, at any wrapping. */
export function flagsOf(options: z.ZodObject): readonly Flag[] {
  return Object.entries(options.shape).map(([key, field]) => flagOf(key, field as z.ZodType))
}

function flagOf(key: string, field: z.ZodType): Flag {
  const layers = layersOf(field)
  const meta = layers.map((layer) => layer.meta()).find((each) => typeof each?.flag === 'string')
  if (meta === undefined) throw new TypeError(`option ${key} has no .meta({ flag })`)
  const core = layers.at(-1) as z.ZodType
  const repeat = core.def.type === 'array'
  const item = repeat ? (layersOf((core as z.ZodArray).element as z.ZodType).at(-1) as z.ZodType) : core
  const kind = item.def.type === 'boolean' || item.def.type === 'number' ? item.def.type : 'text'
  const standard = layers.find((layer) => layer.def.type === 'default') as z.ZodDefault | undefined
  return {
    flag: String(meta.flag).replace(/^-+/, ''),
    key,
    kind,
    repeat,
    placeholder: kind === 'boolean' ? undefined : String(meta.placeholder ?? 'value'),
    help: String(meta.help ?? ''),
    default: standard?.def.defaultValue,
  }
}
