import { describe, expect, it } from 'vitest'
import type { Clock } from '../../node/core/clock.ts'
import { maxSharedAddresses, tellAgainMs } from '../../node/core/limits.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import type { Member } from '../../node/mesh/mesh.ts'
import { openAddressBook } from '../../node/roles/address-book.ts'
import { createIntroductions } from '../../node/roles/introductions.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import { systemClock } from '../../node/system/system-clock.ts'

const peer = (n: number) => `12D3KooWpeer${n}` as PeerId
const addressOf = (n: number, port = 1) => `/ip4/10.0.0.${n}/tcp/${port}/p2p/${peer(n)}`

async function aNeighbourhood() {
  let nowMs = 0
  let linkedAtMs = 1
  let own: readonly string[] = [addressOf(0)]
  const clock: Clock = { ...systemClock, monotonicMs: () => nowMs }
  const addressBook = await openAddressBook(createMemoryStore(), peer(0), clock)
  const members = () => [
    {
      peer: peer(1),
      role: 'agent',
      connectedAtMs: linkedAtMs,
      address: '',
      direction: 'inbound',
      relayed: false,
    } satisfies Member,
  ]
  const introductions = createIntroductions(peer(0), {
    mesh: { addresses: () => own, members },
    addressBook,
    clock,
  })
  return {
    learn: (n: number, port?: number) => addressBook.learn(peer(n), [addressOf(n, port)], 'itself'),
    told: () => introductions.to(peer(1)).map(({ addresses }) => addresses[0]),
    relink: () => linkedAtMs++,
    move: () => {
      own = [addressOf(0, 2)]
    },
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

describe('introductions', () => {
  it('names everybody once over one link, then only who is new or has moved', async () => {
    const { learn, told, move } = await aNeighbourhood()
    await learn(2)
    await learn(3)
    expect(told().sort()).toEqual([addressOf(0), addressOf(2), addressOf(3)])
    expect(told()).toEqual([])
    await learn(4)
    await learn(3)
    await learn(2, 9)
    expect(told().sort()).toEqual([addressOf(2, 9), addressOf(4)])
    move()
    expect(told()).toEqual([addressOf(0, 2)])
  })

  it('begins anew with a new link and after an hour', async () => {
    const { learn, told, relink, pass } = await aNeighbourhood()
    await learn(2)
    const all = [addressOf(0), addressOf(2)]
    expect(told()).toEqual(all)
    relink()
    expect(told()).toEqual(all)
    pass(tellAgainMs - 1)
    expect(told()).toEqual([])
    pass(1)
    expect(told()).toEqual(all)
  })

  it('never names more than a hello holds', async () => {
    const { learn, told } = await aNeighbourhood()
    for (let n = 2; n < maxSharedAddresses + 9; n++) await learn(n)
    expect(told()).toHaveLength(maxSharedAddresses)
    expect(told()).toEqual([])
  })
})
