import { z } from 'zod'

const address = z.string().regex(/^[0-9a-f.:]{2,45}$/)
const mac = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){0,31}$/)
const port = z.int().min(0).max(65_535)

/** One thing seen; empty when a check matched nothing. No field takes free text. */
export const netstatElement = z.object({
  localmacaddr: mac.optional(),
  remotemacaddr: mac.optional(),
  localaddr: address.optional(),
  localport: port.optional(),
  remoteaddr: address.optional(),
  remoteport: port.optional(),
  namespace: z
    .string()
    .regex(/^(default|net:\[\d{1,20}\])$/)
    .optional(),
})
export type NetstatElement = z.infer<typeof netstatElement>

/** A check's map: query → what matched it, or null when nothing did. */
export const netstatElements = z.record(z.string(), z.record(z.string(), z.array(netstatElement).nullable()))

export const netstatStatistics = z.object({
  /** Rows of tables that were compared. */
  examined: z.int().min(0),
  exectime: z
    .string()
    .regex(/^[0-9.]+(h|m|s|ms|µs|ns)([0-9.ms]*)$/)
    .max(32),
  totalhits: z.int().min(0),
})
export type NetstatStatistics = z.infer<typeof netstatStatistics>
