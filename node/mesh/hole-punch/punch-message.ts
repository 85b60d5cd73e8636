import { z } from 'zod'
import { utf8, utf8Decode } from '../../core/encoding.ts'
import { maxPunchListen } from '../../core/limits.ts'
import { peerIdField } from '../../core/schema.ts'
import { type Endpoint, formatEndpoint, parseEndpoint } from './endpoint.ts'

/** What travels on the punch stream and on the observe stream (protocol 6.10): one JSON object a frame, strict. */

const endpoint = z.string().transform((text, context): Endpoint => {
  const parsed = parseEndpoint(text)
  if (parsed !== undefined) return parsed
  context.addIssue({ code: 'custom', message: 'expected an address such as 203.0.113.5:4001' })
  return z.NEVER
})
const v = z.literal(1)
const listen = z.array(endpoint).max(maxPunchListen)

/** Why the other side does not punch. */
export const declineReasons = [
  'busy',
  'rate',
  'not-relayed',
  'no-way-to-relay',
  'not-observed',
  'address-refused',
  'same-nat',
] as const
export type DeclineReason = (typeof declineReasons)[number]

const punchSchema = z.discriminatedUnion('kind', [
  /** Starter: my socket is with the relay. `listen`: where I listen and might be dialled. */
  z.strictObject({ v, kind: z.literal('offer'), listen }),
  /** Other side: mine too. */
  z.strictObject({ v, kind: z.literal('answer'), listen }),
  z.strictObject({ v, kind: z.literal('decline'), reason: z.enum(declineReasons) }),
  /** Starter: I could not dial you; you dial me. */
  z.strictObject({ v, kind: z.literal('dial-me') }),
  z.strictObject({ v, kind: z.literal('dialled'), ok: z.boolean() }),
  z.strictObject({ v, kind: z.literal('ping') }),
  z.strictObject({ v, kind: z.literal('pong') }),
  /** Starter: connect as you read this; I do half a round trip from now. */
  z.strictObject({ v, kind: z.literal('go') }),
])
export type PunchMessage = z.output<typeof punchSchema>

const observeSchema = z.discriminatedUnion('kind', [
  /** On a connection that is made for it: where do you see me? Tell `for` as well, when it asks. */
  z.strictObject({ v, kind: z.literal('me'), for: peerIdField }),
  /** Where do you see that peer, which has asked for it to be told to me? */
  z.strictObject({ v, kind: z.literal('where'), peer: peerIdField }),
  /** `at` is absent where there is nothing to tell. */
  z.strictObject({ v, kind: z.literal('seen'), at: endpoint.optional() }),
])
export type ObserveMessage = z.output<typeof observeSchema>

export function encodePunch(message: PunchMessage): Uint8Array {
  return encode('listen' in message ? { ...message, listen: message.listen.map(formatEndpoint) } : message)
}

/** Undefined when the frame is no message of the punch stream. */
export function decodePunch(frame: Uint8Array): PunchMessage | undefined {
  return decode(punchSchema, frame)
}

export function encodeObserve(message: ObserveMessage): Uint8Array {
  if (message.kind !== 'seen' || message.at === undefined) return encode(message)
  return encode({ ...message, at: formatEndpoint(message.at) })
}

export function decodeObserve(frame: Uint8Array): ObserveMessage | undefined {
  return decode(observeSchema, frame)
}

function encode(message: object): Uint8Array {
  return utf8(JSON.stringify(message))
}

function decode<T>(schema: z.ZodType<T>, frame: Uint8Array): T | undefined {
  const text = utf8Decode(frame)
  if (text === undefined) return undefined
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined // not JSON
  }
}
