import { describe, expect, it } from 'vitest'
import { spreadWords } from '../../cli/commands/policy-publish.ts'
import type { Instant } from '../../node/core/clock.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { handOn } from '../../node/roles/hand-on.ts'
import { createManualClock } from '../gate/manual-clock.ts'

const [ann, bob, cat] = ['ann' as PeerId, 'bob' as PeerId, 'cat' as PeerId]
const peers = [ann, bob, cat]

/** Sessions with three members, and a hand on when each ends. */
function sessions() {
  const clock = createManualClock(Date.UTC(2026, 10, 24) as Instant)
  let open: { readonly peer: PeerId; readonly end: (failed: boolean) => void }[] = []
  const syncWith = (peer: PeerId) =>
    new Promise<{ received: number; sent: number }>((resolve, reject) => {
      const end = (failed: boolean) =>
        failed ? reject(new Error('left')) : resolve({ received: 0, sent: 0 })
      open.push({ peer, end })
    })
  let handed: number | undefined
  handOn(peers, { syncWith }, clock, 5000).then((count) => {
    handed = count
  })
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  return {
    clock,
    /** Ends the sessions that are open with these, and lets what waits for them go on. */
    async end(which: readonly PeerId[], failed = false) {
      const ending = open.filter(({ peer }) => which.includes(peer))
      open = open.filter(({ peer }) => !which.includes(peer))
      for (const session of ending) session.end(failed)
      await settle()
      return handed
    },
    async pass(ms: number) {
      clock.advance(ms)
      await settle()
      return handed
    },
  }
}

describe('handing on', () => {
  it('waits for a second session, for the first may have begun too early', async () => {
    const { end } = sessions()
    expect(await end(peers)).toBeUndefined()
    expect(await end([ann, bob])).toBeUndefined()
    expect(await end(peers)).toBe(3)
  })

  it('does not mind that the first failed, and does not count whoever left', async () => {
    const { end } = sessions()
    await end([ann], true)
    await end([bob, cat])
    await end([cat], true)
    expect(await end(peers)).toBe(2)
  })

  it('waits no longer than it was told, for nobody', async () => {
    const { end, pass } = sessions()
    await end([ann])
    await end([ann])
    expect(await pass(4999)).toBeUndefined()
    expect(await pass(1)).toBe(1)
  })
})

describe('what is said of a policy that was published', () => {
  it('names as many as surely have it', () => {
    expect(spreadWords(2, { recipients: 1, links: 3, handed: 3 })).toContain('went to 3 members, who')
    expect(spreadWords(2, { recipients: 0, links: 1, handed: 1 })).toContain('went to 1 member, who')
    expect(spreadWords(2, { recipients: 1, links: 3, handed: 2 })).toContain('surely went to 2 of 3 members')
    expect(spreadWords(2, { recipients: 2, links: 3, handed: 0 })).toContain('gossip told 2')
  })

  it('is an error when nobody has it', () => {
    const refused = expect.objectContaining({ code: 'not-reachable' })
    expect(() => spreadWords(2, { recipients: 0, links: 0, handed: 0 })).toThrow(refused)
    expect(() => spreadWords(2, { recipients: 0, links: 3, handed: 0 })).toThrow(refused)
  })
})
