import { hash } from 'node:crypto'
import { z } from 'zod'
import { base32Encode } from './encoding.ts'
import {
  maxDetailPages,
  maxOperations,
  maxSignatures,
  maxSummaryErrorChars,
  maxSummaryErrors,
  maxSummaryReasonChars,
} from './limits.ts'
import { outcomes, statusKinds } from './outcome.ts'
import {
  describeIssue,
  documentIdField,
  fingerprintField,
  instantField,
  peerIdField,
  positiveInteger,
} from './schema.ts'

const common = {
  v: z.literal(1),
  fleet: documentIdField,
  actionid: documentIdField,
  peerid: peerIdField,
  /** Serial of the certificate whose answer key signs this. */
  serial: positiveInteger,
  seq: z.int().min(0),
}

/** One agent's answer to one action, as anybody may see it (domain `mig-result`, protocol 3.8).
 *  What was found, how much and where the rest is stands only in `sealed`. */
export const resultSchema = z.strictObject({
  ...common,
  outcome: z.enum(outcomes),
  startedat: instantField,
  endedat: instantField,
  /** base64url of `enc ‖ ciphertext` (HPKE to the action's reply key). */
  sealed: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(60_000),
})
export type Result = z.output<typeof resultSchema>
export type ResultBody = z.input<typeof resultSchema>

/** MIG's five fields (reference/mig.md 2.7) and whether something was cut. */
export const moduleResultSchema = z.object({
  foundanything: z.boolean(),
  success: z.boolean(),
  elements: z.unknown(),
  statistics: z.unknown(),
  errors: z.array(z.string().max(maxSummaryErrorChars)).max(maxSummaryErrors).nullable(),
  truncated: z.boolean().optional(),
})
export type SealedModuleResult = z.output<typeof moduleResultSchema>

/** The sealed part: only holders of the action's reply key can read it. */
export const summarySchema = z.strictObject({
  /** Repeats the outer peer id, so that nobody can pass another's ciphertext off as its own. */
  peerid: peerIdField,
  /** One an operation, by position. */
  results: z.array(moduleResultSchema).max(maxOperations),
  /** Findings in all, an operation each, however many fit. */
  found: z.array(z.int().min(0)).max(maxOperations),
  truncated: z.boolean(),
  /** Why it did not end well; absent when it did. */
  reason: z.string().max(maxSummaryReasonChars).optional(),
  /** The whole result as sealed pages at the agent, where the summary does not hold all of it. */
  detail: z.strictObject({ pages: z.int().min(1).max(maxDetailPages), sha256: documentIdField }).optional(),
})
export type Summary = z.output<typeof summarySchema>
export type SummaryBody = z.input<typeof summarySchema>

/** What an agent says before, or instead of, an outcome (domain `mig-status`). */
export const statusSchema = z.strictObject({
  ...common,
  status: z.enum(statusKinds),
  /** A code from the closed list of refusals, then the arithmetic or the reason in words. */
  reason: z.string().max(512),
  /** The keys whose signatures held on the copy that was judged: a verdict on fewer is none on the whole (protocol 4.5). */
  signers: z.array(fingerprintField).min(1).max(maxSignatures),
  at: instantField,
})
export type Status = z.output<typeof statusSchema>
export type StatusBody = z.input<typeof statusSchema>

/** A collector's word that it holds a result on disk (domain `mig-receipt`). Only the origin's clears the outbox. */
export const receiptSchema = z.strictObject({
  v: z.literal(1),
  fleet: documentIdField,
  actionid: documentIdField,
  /** The agent whose result it is. */
  peerid: peerIdField,
  /** `resultHash` of the envelope that is held. */
  result: documentIdField,
  collector: peerIdField,
  at: instantField,
})
export type Receipt = z.output<typeof receiptSchema>
export type ReceiptBody = z.input<typeof receiptSchema>

/** base32 SHA-256 of a result's signed envelope: what a receipt confirms. */
export function resultHash(envelope: Uint8Array): string {
  return base32Encode(hash('sha256', envelope, 'buffer'))
}

function parser<T>(schema: z.ZodType<T>): (value: unknown) => T | string {
  return (value) => {
    const parsed = schema.safeParse(value)
    return parsed.success ? parsed.data : describeIssue(parsed.error)
  }
}

/** Each gives the document, or one sentence on what is wrong with it. */
export const parseResultBody = parser(resultSchema)
export const parseSummaryBody = parser(summarySchema)
export const parseStatusBody = parser(statusSchema)
export const parseReceiptBody = parser(receiptSchema)
