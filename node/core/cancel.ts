import { z } from 'zod'
import { describeIssue, documentIdField, instantField } from './schema.ts'

/** Stops an action: `mig.cancel.v1` (protocol 3.7). Stopping is easy, starting is hard. */
export const cancelSchema = z.strictObject({
  v: z.literal(1),
  fleet: documentIdField,
  actionid: documentIdField,
  issuedat: instantField,
  reason: z.string().max(256).optional(),
})
export type Cancel = z.output<typeof cancelSchema>
export type CancelBody = z.input<typeof cancelSchema>

/** @returns the cancel, or one sentence on what is wrong with it */
export function parseCancelBody(value: unknown): Cancel | string {
  const parsed = cancelSchema.safeParse(value)
  return parsed.success ? parsed.data : describeIssue(parsed.error)
}
