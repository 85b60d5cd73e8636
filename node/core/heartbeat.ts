import { z } from 'zod'
import { maxNameChars } from './limits.ts'
import { describeIssue, documentIdField, instantField, peerIdField, positiveInteger } from './schema.ts'

const short = z.string().max(maxNameChars)

/** What the agent says of its machine; MIG's names (reference/mig.md 1.8). Self-reported, and shown as such. */
export const environmentSchema = z.strictObject({
  init: short,
  ident: short,
  os: short,
  arch: short,
  addresses: z.array(short).max(64),
  modules: z.array(short).max(64),
})
export type Environment = z.output<typeof environmentSchema>

/** "I am here", signed by the answer key (domain `mig-heartbeat`). Ordered by (boot, seq), never by the clock (protocol 6.5). */
export const heartbeatSchema = z.strictObject({
  v: z.literal(1),
  fleet: documentIdField,
  peerid: peerIdField,
  serial: positiveInteger,
  /** How often the gate has started. */
  boot: z.int().min(0),
  seq: z.int().min(0),
  at: instantField,
  mode: z.enum(['daemon', 'checkin']),
  version: short,
  pid: z.int().min(0),
  starttime: instantField,
  environment: environmentSchema,
  policyversion: z.int().min(0),
  /** Where the node can be dialled; empty when it only dials out. */
  addresses: z.array(z.string().max(512)).max(16),
  /** Answers not yet receipted by their origins. */
  outbox: z.int().min(0),
})
export type Heartbeat = z.output<typeof heartbeatSchema>
export type HeartbeatBody = z.input<typeof heartbeatSchema>

/** @returns the heartbeat, or one sentence on what is wrong with it */
export function parseHeartbeatBody(value: unknown): Heartbeat | string {
  const parsed = heartbeatSchema.safeParse(value)
  return parsed.success ? parsed.data : describeIssue(parsed.error)
}

/** Is `a` later than `b`, both of one agent? */
export function isLaterHeartbeat(
  a: Pick<Heartbeat, 'boot' | 'seq'>,
  b: Pick<Heartbeat, 'boot' | 'seq'>,
): boolean {
  return a.boot > b.boot || (a.boot === b.boot && a.seq > b.seq)
}
