import { beforeEach, describe, expect, it } from 'vitest'
import type { PeerId } from '../../node/core/peer-id.ts'
import { createHeldActions, type HeldActions } from '../../node/roles/held-actions.ts'

describe('what an agent holds back after its start', () => {
  const peer = (name: string) => name as PeerId
  let offered: string[]
  let held: HeldActions

  beforeEach(() => {
    offered = []
    held = createHeldActions(async (id) => {
      offered.push(id)
    })
    expect(held.keep('first')).toBe(true)
  })

  it('is offered once a collector has been met, and nothing is held any more', () => {
    held.met(peer('investigator'), true)
    expect(offered).toEqual(['first'])
    expect(held.keep('second')).toBe(false)
  })

  it('waits for three neighbours, however often one of them comes', () => {
    for (const name of ['a', 'b', 'a', 'b', 'a']) held.met(peer(name), false)
    expect(held.keep('second')).toBe(true)
    expect(offered).toEqual([])
    held.met(peer('c'), false)
    expect(offered).toEqual(['first', 'second'])
  })

  it('is offered once, whoever is met later and though time runs out', () => {
    held.met(peer('investigator'), true)
    held.met(peer('relay'), true)
    held.release()
    expect(offered).toEqual(['first'])
  })
})
