import { z } from 'zod'
import type { Expected } from '../core/accounting.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { peerIdField } from '../core/schema.ts'
import * as keys from '../store/keyspace.ts'
import type { Store } from '../store/store.ts'

const schema = z.strictObject({
  expected: z.array(z.strictObject({ peer: peerIdField, name: z.string() })),
})

/** Who should answer an action, frozen when it was first sent (protocol D5). */
export interface ExpectedSet {
  readonly expected: readonly Expected[]
}

export async function readExpectedSet(store: Store, actionId: string): Promise<ExpectedSet | undefined> {
  const bytes = await store.get(keys.expected(actionId))
  const text = bytes === undefined ? undefined : utf8Decode(bytes)
  return text === undefined ? undefined : schema.parse(JSON.parse(text))
}

export async function writeExpectedSet(store: Store, actionId: string, set: ExpectedSet): Promise<void> {
  await store.write([{ put: keys.expected(actionId), value: utf8(JSON.stringify(set)) }], { sync: true })
}
