import type { z } from 'zod'

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
  const layers = unwrap(field)
  const meta = layers.map((layer) => layer.meta()).find((each) => typeof each?.flag === 'string')
  if (meta === undefined) throw new TypeError(`option ${key} has no .meta({ flag })`)
  const core = layers.at(-1) as z.ZodType
  const repeat = core.def.type === 'array'
  const item = repeat ? (unwrap((core as z.ZodArray).element as z.ZodType).at(-1) as z.ZodType) : core
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

/** The schema and everything inside its wrappers (optional, default, transform …), outermost first. */
function unwrap(schema: z.ZodType): readonly z.ZodType[] {
  const layers: z.ZodType[] = []
  let layer: z.ZodType | undefined = schema
  while (layer !== undefined) {
    layers.push(layer)
    const def = layer.def as { innerType?: z.ZodType; in?: z.ZodType; out?: z.ZodType }
    // A pipe is `schema.transform(…)` or `z.preprocess(…, schema)`: the side that is no transform says what it is.
    layer = def.innerType ?? (def.in?.def.type === 'transform' ? def.out : def.in)
  }
  return layers
}
