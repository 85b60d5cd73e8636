/** How an accepted action ended on one agent; exactly one per agent and action, and durable (protocol D2).
 *  `interrupted`: the agent stopped while it ran. It is never run again. */
export const outcomes = ['done', 'failed', 'timed-out', 'cancelled', 'interrupted'] as const
export type Outcome = (typeof outcomes)[number]

/** What an agent says of an action that has no outcome: replaced by later statuses and by an outcome (protocol 4.5). */
export const statusKinds = ['accepted', 'running', 'refused', 'not-targeted', 'busy', 'cancelled'] as const
export type StatusKind = (typeof statusKinds)[number]
