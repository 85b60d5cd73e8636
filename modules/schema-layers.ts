import type { z } from 'zod'

/** A schema and everything inside its wrappers (optional, default, transform …), outermost first. */
export function layersOf(schema: z.ZodType): readonly z.ZodType[] {
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
