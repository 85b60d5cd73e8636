import { z } from 'zod'
import type { Expected } from '../core/accounting.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import type { PeerId } from '../core/peer-id.ts'
import { peerIdField } from '../core/schema.ts'
import * as keys from '../store/keyspace.ts'
import type { Store } from '../store/store.ts'
import type { HeldAnswer } from './answers.ts'

const schema = z.strictObject({
  expected: z.array(z.strictObject({ peer: peerIdField, name: z.string() })),
  /** By peer: statuses up to this number answered a copy with fewer signatures. */
  superseded: z.record(z.string(), z.int()),
})

/** Who should answer an action, frozen when it was first sent (protocol D5). */
export interface ExpectedSet {
  readonly expected: readonly Expected[]
  readonly superseded: Readonly<Record<string, number>>
}

export async function readExpectedSet(store: Store, actionId: string): Promise<ExpectedSet | undefined> {
  const bytes = await store.get(keys.expected(actionId))
  const text = bytes === undefined ? undefined : utf8Decode(bytes)
  return text === undefined ? undefined : schema.parse(JSON.parse(text))
}

export async function writeExpectedSet(store: Store, actionId: string, set: ExpectedSet): Promise<void> {
  await store.write([{ put: keys.expected(actionId), value: utf8(JSON.stringify(set)) }], { sync: true })
}

/** The same set once another person has signed: what agents said of the half-signed action is no answer any more (protocol 4.5). */
export function supersede(set: ExpectedSet, answers: readonly HeldAnswer[]): ExpectedSet {
  const superseded: Record<PeerId, number> = { ...set.superseded }
  for (const { peer, status } of answers) {
    if (status !== undefined) superseded[peer] = Math.max(superseded[peer] ?? -1, status.seq)
  }
  return { ...set, superseded }
}

/** Without the answers to an earlier, half-signed copy. */
export function currentAnswers(set: ExpectedSet, answers: readonly HeldAnswer[]): readonly HeldAnswer[] {
  return answers.filter(
    ({ peer, status }) => status === undefined || status.seq > (set.superseded[peer] ?? -1),
  )
}
