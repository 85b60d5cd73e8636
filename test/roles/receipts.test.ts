import { describe, expect, it } from 'vitest'
import { maxGossipItems, maxNodeGossipBytes } from '../../node/core/limits.ts'
import { isOneMessage } from '../../node/roles/receipts.ts'
import type { Item } from '../../node/sync/item.ts'

describe('receipts in one message', () => {
  const receipts = (count: number, bytes: number): readonly Item[] =>
    Array.from({ length: count }, () => ({ kind: 'receipt', bytes: new Uint8Array(bytes) }))

  it('are as many as a message may hold items, where the certificate in each is short', () => {
    expect(isOneMessage(receipts(maxGossipItems, 1084))).toBe(true)
    expect(isOneMessage(receipts(maxGossipItems + 1, 100))).toBe(false)
  })

  it('are fewer where it is long: gossip takes no larger message', () => {
    expect(isOneMessage(receipts(maxGossipItems, 1200))).toBe(false)
    expect(isOneMessage(receipts(10, 7000))).toBe(true)
    expect(isOneMessage(receipts(11, 7000))).toBe(false)
    // A kind, a length of three bytes, and the rest.
    expect(isOneMessage(receipts(1, maxNodeGossipBytes - 4))).toBe(true)
    expect(isOneMessage(receipts(1, maxNodeGossipBytes - 3))).toBe(false)
  })
})
