import { z } from 'zod'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { maxAwaited, maxDigestMarks, maxHops, maxSharedAddresses } from '../core/limits.ts'
import { documentIdField, peerIdField } from '../core/schema.ts'
import { itemKinds } from './item.ts'

/** Marks one after the other, 16 hex digits each: one check for all of them. */
const marks = z
  .string()
  .max(maxDigestMarks * 16)
  .regex(/^(?:[0-9a-f]{16})*$/)
  .transform((text): readonly string[] =>
    Array.from({ length: text.length / 16 }, (_, i) => text.slice(16 * i, 16 * i + 16)),
  )
const acquaintance = z.strictObject({ peer: peerIdField, addresses: z.array(z.string().max(512)).max(8) })

/** First frame of both sides: what each holds, what it waits for, whom it knows. */
export const helloSchema = z.strictObject({
  v: z.literal(1),
  /** Marks of held items by kind, only of kinds that the sender keeps. A kind that is absent is not wanted. */
  have: z.partialRecord(z.enum(itemKinds), marks),
  /** Results for which the sender still waits for the origin's receipt. */
  awaits: z.array(z.strictObject({ actionid: documentIdField, peerid: peerIdField })).max(maxAwaited),
  /** Links from the sender to the nearest collector that do not lead through the receiver: 0 for a collector, `maxHops` where none
   *  is known (protocol 6.1). */
  hops: z.int().min(0).max(maxHops),
  acquaintances: z.array(acquaintance).max(maxSharedAddresses),
})
export type Hello = z.output<typeof helloSchema>
export type Acquaintance = z.output<typeof acquaintance>

/** Second frame of both sides: which of the other's items are wanted. */
export const wantSchema = z.strictObject({ want: marks })

export function encodeMessage(message: z.input<typeof helloSchema> | z.input<typeof wantSchema>): Uint8Array {
  return utf8(JSON.stringify(message))
}

/** Undefined when the frame is not the message that was due. */
export function decodeMessage<T>(schema: z.ZodType<T>, frame: Uint8Array): T | undefined {
  const text = utf8Decode(frame)
  if (text === undefined) return undefined
  try {
    const parsed = schema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
