import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../node/core/peer-id.ts'
import { noProbe } from '../../node/core/probe.ts'
import type { Member } from '../../node/mesh/mesh.ts'
import { createSessions } from '../../node/roles/sessions.ts'
import { runSession } from '../../node/sync/session.ts'
import { systemRandom } from '../../node/system/system-clock.ts'
import { createManualClock } from '../gate/manual-clock.ts'
import { aNode, aWire, peers } from '../sync/sync-kit.ts'
import { now } from '../verification/pgp/pgp-kit.ts'

const other: Member = {
  peer: peers[1] as PeerId,
  role: 'relay',
  connectedAtMs: 1,
  address: '',
  direction: 'outbound',
  relayed: false,
}

/** A node linked to one relay, whose first session waits before it compares anything. */
function aLink() {
  const relay = aNode('relay')
  const entered = Promise.withResolvers<void>()
  const mayGoOn = Promise.withResolvers<void>()
  let opened = 0
  const node = aNode('investigator', {
    async offers() {
      if (opened === 1) {
        entered.resolve()
        await mayGoOn.promise
      }
      return new Map()
    },
  })
  const clock = createManualClock(now)
  const sessions = createSessions({
    node: node.sync,
    mesh: {
      members: () => [other],
      async open() {
        opened++
        const { ends } = aWire()
        void runSession(relay.sync, { peer: peers[0] as PeerId, role: 'investigator' }, ends[1], {
          first: false,
          signal: AbortSignal.timeout(20_000),
        }).catch(() => undefined)
        return ends[0]
      },
    },
    clock,
    random: systemRandom,
    log: () => undefined,
    probe: noProbe,
    knownMembers: () => 2,
    synced: () => undefined,
  })
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  return { sessions, clock, entered, mayGoOn, settle, opened: () => opened }
}

describe('a session that is wanted soon', () => {
  it('follows the one that runs, which may have begun before there was what it is wanted for', async () => {
    const { sessions, clock, entered, mayGoOn, settle, opened } = aLink()
    const running = sessions.syncWith(other.peer)
    await entered.promise
    sessions.syncSoon(() => true, 10)
    clock.advance(10)
    await settle()
    expect(opened()).toBe(1)
    mayGoOn.resolve()
    await running
    await settle()
    expect(opened()).toBe(2)
  })

  it('follows it once, however often it is wanted meanwhile', async () => {
    const { sessions, clock, entered, mayGoOn, settle, opened } = aLink()
    const running = sessions.syncWith(other.peer)
    await entered.promise
    for (let often = 0; often < 5; often++) {
      sessions.syncSoon(() => true, 10)
      clock.advance(10)
    }
    mayGoOn.resolve()
    await running
    await settle()
    expect(opened()).toBe(2)
  })

  it('follows one that failed, too', async () => {
    const { sessions, clock, entered, mayGoOn, settle, opened } = aLink()
    const running = sessions.syncWith(other.peer)
    await entered.promise
    sessions.syncSoon(() => true, 10)
    clock.advance(10)
    mayGoOn.reject(new Error('broken off'))
    await expect(running).rejects.toThrow('broken off')
    await settle()
    expect(opened()).toBe(2)
  })
})
