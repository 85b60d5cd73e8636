import { z } from 'zod'
import { concat } from '../core/bytes.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { formatInstant } from '../core/instant.ts'
import { maxAwaited, maxHelloMarks, maxHops, maxSharedAddresses, maxWantedMarks } from '../core/limits.ts'
import { documentIdField, instantField, peerIdField } from '../core/schema.ts'
import { itemKinds } from './item.ts'
import { type Mark, markDigits } from './mark.ts'
import { bytesOf, marksIn } from './turn.ts'

/** Marks one after the other: one check for all of them. */
const marks = z
  .string()
  .max(maxHelloMarks * markDigits)
  .regex(/^(?:[0-9a-f]{32})*$/)
  .transform((text): readonly Mark[] =>
    // As the check says; the copy lets go of the long text.
    Array.from(
      { length: text.length / markDigits },
      (_, i) => Buffer.from(text.slice(markDigits * i, markDigits * (i + 1))).toString() as Mark,
    ),
  )
const summary = z.union([
  z.strictObject({ marks }),
  z.strictObject({ fingerprint: z.string().regex(/^[0-9a-f]{64}$/) }),
])
const acquaintance = z.strictObject({ peer: peerIdField, addresses: z.array(z.string().max(512)).max(8) })

/** First frame of both sides: what each holds, what it waits for, whom it knows. */
export const helloSchema = z.strictObject({
  v: z.literal(2),
  /** The sender's clock when it wrote this. Nothing is judged by it. */
  at: instantField,
  /** Kinds that both keep, as they are compared; and, in marks, what the sender has to offer of kinds that only the receiver keeps. */
  have: z.partialRecord(z.enum(itemKinds), summary),
  /** More than this hello has to be said. Who opened says it always; when the other denies it, the session is over. */
  goeson: z.boolean(),
  /** Results for which the sender still waits for the origin's receipt. */
  awaits: z.array(z.strictObject({ actionid: documentIdField, peerid: peerIdField })).max(maxAwaited),
  /** Links from the sender to the nearest collector that do not lead through the receiver: 0 for a collector, `maxHops` where none
   *  is known (protocol 6.1). */
  hops: z.int().min(0).max(maxHops),
  acquaintances: z.array(acquaintance).max(maxSharedAddresses),
})
export type Hello = z.output<typeof helloSchema>
export type Acquaintance = z.output<typeof acquaintance>

export function encodeHello(hello: Hello): Uint8Array {
  const have = Object.entries(hello.have).map(([kind, summary]) => [
    kind,
    'marks' in summary ? { marks: summary.marks.join('') } : summary,
  ])
  return utf8(JSON.stringify({ ...hello, at: formatInstant(hello.at), have: Object.fromEntries(have) }))
}

/** Undefined when the frame is no hello. */
export function decodeHello(frame: Uint8Array): Hello | undefined {
  const text = utf8Decode(frame)
  if (text === undefined) return undefined
  try {
    const parsed = helloSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

/** What one side asks for, after the last turn. */
export interface Want {
  /** The sender found more differences than one session may settle. */
  readonly more: boolean
  readonly marks: readonly Mark[]
}

/** One byte that is 1 where there is more, 0 where not; then the marks, ascending. */
export function encodeWant({ more, marks }: Want): Uint8Array {
  return concat([Uint8Array.of(more ? 1 : 0), bytesOf([...marks].sort().join(''))])
}

/** Undefined when the frame is no want. */
export function decodeWant(frame: Uint8Array): Want | undefined {
  const [flag] = frame
  const marks = marksIn(frame.subarray(1))
  if ((flag !== 0 && flag !== 1) || marks === undefined || marks.length > maxWantedMarks) return undefined
  return { more: flag === 1, marks }
}
