import { z } from 'zod'
import type { Json } from './canonical-json.ts'
import { isDocumentId } from './envelope.ts'
import {
  maxActionSpanSeconds,
  maxNameChars,
  maxOnlyPeers,
  maxOperations,
  maxReaders,
  maxResultTtlSeconds,
  maxStoppers,
  maxTargetBytes,
  summarySizesBytes,
} from './limits.ts'
import {
  bytesField,
  describeIssue,
  documentIdField,
  fingerprintField,
  instantField,
  peerIdField,
  positiveInteger,
} from './schema.ts'

/** One module, run once. Result *i* belongs to operation *i*. */
export interface Operation {
  readonly module: string
  /** MIG's own JSON for the module. */
  readonly parameters: Json
}

const text = z.string().max(maxNameChars)

/** May only tighten the policy's limits (protocol 3.5). */
const limitsSchema = z.strictObject({
  wallseconds: positiveInteger.optional(),
  cpuseconds: positiveInteger.optional(),
  matches: positiveInteger.optional(),
  bytes: positiveInteger.optional(),
  summarybytes: z.literal(summarySizesBytes).optional(),
})

/** The signed body of an action: `mig.action.v3` (protocol 3.1). Unknown fields are refused: what is not understood is not run. */
export const actionSchema = z
  .strictObject({
    syntaxversion: z.literal(3),
    fleet: documentIdField,
    nonce: bytesField(16),
    name: text.min(1),
    target: z
      .string()
      .min(1)
      .refine(
        (target) => Buffer.byteLength(target) <= maxTargetBytes,
        `expected at most ${maxTargetBytes} bytes`,
      ),
    description: z
      .strictObject({ author: text, email: text, url: text, revision: z.int().min(0) })
      .partial()
      .optional(),
    threat: z.strictObject({ ref: text, level: text, family: text, type: text }).partial().optional(),
    issuedat: instantField,
    validfrom: instantField,
    expireafter: instantField,
    operations: z
      .array(
        z.strictObject({
          module: z.string().regex(/^[a-z][a-z0-9]{0,31}$/, 'expected a lower-case module name'),
          parameters: z.custom<Json>((value) => value !== undefined, 'is missing'),
        }),
      )
      .min(1)
      .max(maxOperations),
    /** Peer id of the issuing node: its receipt clears agents' outboxes. */
    origin: peerIdField,
    limits: limitsSchema.optional(),
    replyto: z.strictObject({
      x25519: bytesField(32),
      readers: z.array(fingerprintField).min(1).max(maxReaders),
    }),
    resultttl: z.int().min(60).max(maxResultTtlSeconds),
    policymin: z.strictObject({
      version: positiveInteger,
      hash: z.string().refine(isDocumentId, 'expected a document id'),
    }),
    stoppers: z.array(fingerprintField).max(maxStoppers),
    only: z.array(peerIdField).max(maxOnlyPeers).optional(),
    case: text.optional(),
  })
  .refine((action) => action.validfrom < action.expireafter, 'expireafter must be later than validfrom')
  .refine((action) => action.issuedat < action.expireafter, 'expireafter must be later than issuedat')
  .refine(
    (action) => action.expireafter - action.issuedat <= maxActionSpanSeconds * 1000,
    `the span from issuedat to expireafter is more than ${maxActionSpanSeconds} seconds`,
  )

/** A parsed action. Signing, hashing and sending use the bytes it came from, never this object. */
export type Action = z.output<typeof actionSchema>
/** The same, as it stands in canonical JSON. */
export type ActionBody = z.input<typeof actionSchema>
export type ActionLimits = z.output<typeof limitsSchema>

/** @returns the action, or one sentence on what is wrong with it */
export function parseActionBody(value: unknown): Action | string {
  const parsed = actionSchema.safeParse(value)
  return parsed.success ? parsed.data : describeIssue(parsed.error)
}

/** How many bytes of plaintext every summary of this action is padded to. */
export function summaryBytesOf(action: Pick<Action, 'limits'>): number {
  return action.limits?.summarybytes ?? summarySizesBytes[0]
}
