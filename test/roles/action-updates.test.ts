import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { account, type Expected } from '../../node/core/accounting.ts'
import type { Instant } from '../../node/core/clock.ts'
import { maxFollowedActions, maxUpdateAnswers } from '../../node/core/limits.ts'
import { outcomes, statusKinds } from '../../node/core/outcome.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { createActionUpdates, type Tally } from '../../node/roles/action-updates.ts'
import { type AnswerReader, accountable, type HeldAnswer } from '../../node/roles/answers.ts'
import { createChangeFeed } from '../../node/roles/change-feed.ts'
import type { VerifiedAction } from '../../node/verification/verify-action.ts'
import { createManualClock } from '../gate/manual-clock.ts'

const action = { id: 'a' } as VerifiedAction
const names = (count: number): readonly Expected[] =>
  Array.from({ length: count }, (_, n) => ({ peer: `p${n}` as PeerId, name: `web${n}` }))

/** A node's answers to one action, and how often one was read. */
function aCollection(expected: readonly Expected[]) {
  const held = new Map<PeerId, HeldAnswer>()
  const feed = createChangeFeed(createManualClock(0 as Instant))
  const state = { reads: 0, situation: 'policy 1', outdated: new Set<string>() }
  const reader: AnswerReader = {
    async read() {
      state.reads += held.size
      return [...held.values()]
    },
    async readOf(_, peer) {
      state.reads++
      const answer = held.get(peer)
      return answer === undefined ? [] : [answer]
    },
  }
  const take = (answers: readonly HeldAnswer[]) =>
    accountable(answers, ({ reason }) => state.outdated.has(reason))
  const updates = createActionUpdates({
    feed,
    reader,
    replySeedOf: async () => new Uint8Array(32),
    expectedOf: async () => expected,
    accountable: () => take,
    situationOf: () => state.situation,
  })
  const comes = (answer: HeldAnswer) => {
    held.set(answer.peer, answer)
    feed.changed(action.id, answer.peer)
  }
  /** What `mig accounting` would say. */
  const counted = (): Tally => {
    const {
      expected: all,
      answered,
      failed,
      refused,
      silent,
      found,
    } = account(expected, take([...held.values()]), String)
    const sizes = { answered: answered.length, failed: failed.length, refused: refused.length }
    return { expected: all, ...sizes, silent: silent.length, found }
  }
  return { state, held, feed, updates, comes, counted }
}

const anOutcome = (peer: PeerId, outcome: (typeof outcomes)[number] = 'done', hits = 0): HeldAnswer =>
  ({
    peer,
    result: { peerid: peer, outcome },
    summary: { peerid: peer, results: [], found: [hits], truncated: false },
  }) as unknown as HeldAnswer
const aStatus = (peer: PeerId, status: (typeof statusKinds)[number], reason = ''): HeldAnswer =>
  ({ peer, status: { peerid: peer, status, reason, signers: [] } }) as unknown as HeldAnswer

describe('following an action', () => {
  it('reads an answer once or twice, however many there are', async () => {
    const agents = 2000
    const { state, updates, comes, counted } = aCollection(names(agents))
    let seen = 0
    let heard = 0
    for (const { peer } of names(agents)) {
      comes(anOutcome(peer, 'done', 1))
      const update = await updates.since(action, seen)
      seen = update.change
      heard += update.answers.length
    }
    expect(heard).toBe(agents)
    expect(state.reads).toBeLessThanOrEqual(2 * agents + 10)
    expect((await updates.since(action, seen)).tally).toEqual(counted())
  })

  it('gives what was there before this process in pages, each answer once', async () => {
    const agents = 3 * maxUpdateAnswers + 5
    const { held, updates } = aCollection(names(agents))
    for (const { peer } of names(agents)) held.set(peer, anOutcome(peer))
    const sizes: number[] = []
    const peers = new Set<PeerId>()
    for (let seen = 0, more = true; more; ) {
      const update = await updates.since(action, seen)
      sizes.push(update.answers.length)
      for (const { peer } of update.answers) peers.add(peer)
      ;({ change: seen, more } = update)
      expect(update.tally).toMatchObject({ answered: agents, silent: 0 })
    }
    expect(sizes).toEqual([maxUpdateAnswers, maxUpdateAnswers, maxUpdateAnswers, 5])
    expect(peers.size).toBe(agents)
  })

  it('counts anew when the policy or the signatures change, and when somebody else is expected', async () => {
    const { state, updates, comes, counted } = aCollection(names(2))
    comes(aStatus('p0' as PeerId, 'refused', 'half'))
    const first = await updates.since(action, 0)
    expect(first.tally).toMatchObject({ refused: 1, silent: 1 })
    state.outdated.add('half')
    state.situation = 'policy 1, one more signer'
    const { tally, answers } = await updates.since(action, first.change)
    expect(tally).toMatchObject({ refused: 0, silent: 2 })
    expect(tally).toEqual(counted())
    expect(answers).toEqual([])
  })

  it('misses nothing when the feed has forgotten the action meanwhile', async () => {
    const { feed, updates, comes, counted } = aCollection(names(3))
    comes(anOutcome('p0' as PeerId))
    const { change } = await updates.since(action, 0)
    comes(anOutcome('p1' as PeerId))
    for (let n = 0; n <= maxFollowedActions; n++) feed.changed(`other${n}`, 'p0' as PeerId)
    comes(anOutcome('p2' as PeerId, 'failed'))
    const update = await updates.since(action, change)
    expect(update.answers.map(({ peer }) => peer)).toEqual(expect.arrayContaining(['p1', 'p2']))
    expect(update.tally).toEqual(counted())
  })

  it('is always what the whole account says, for two followers at their own pace', async () => {
    const peerOf = fc.integer({ min: 0, max: 9 }).map((n) => `p${n}` as PeerId)
    const event = fc.oneof(
      fc
        .tuple(peerOf, fc.constantFrom(...outcomes), fc.integer({ min: 0, max: 1 }))
        .map(([peer, outcome, hits]) => ({
          kind: 'answer' as const,
          answer: anOutcome(peer, outcome, hits),
        })),
      fc
        .tuple(peerOf, fc.constantFrom(...statusKinds), fc.constantFrom('', 'half'))
        .map(([peer, status, reason]) => ({
          kind: 'answer' as const,
          answer: aStatus(peer, status, reason),
        })),
      fc.constantFrom('ask', 'other asks', 'signed', 'forgotten').map((kind) => ({ kind: kind as 'ask' })),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
        // Of ten peers that answer, six are expected.
        const { state, held, feed, updates, comes, counted } = aCollection(names(6))
        const followers = [0, 0]
        const views = [new Map<PeerId, HeldAnswer>(), new Map<PeerId, HeldAnswer>()]
        const follow = async (which: number) => {
          for (;;) {
            const update = await updates.since(action, followers[which] ?? 0)
            for (const answer of update.answers) views[which]?.set(answer.peer, answer)
            followers[which] = update.change
            expect(update.tally).toEqual(counted())
            if (!update.more) return
          }
        }
        for (const each of events) {
          const { kind } = each as { kind: string }
          if ('answer' in each) comes(each.answer)
          else if (kind === 'ask') await follow(0)
          else if (kind === 'other asks') await follow(1)
          else if (kind === 'signed') {
            state.outdated.add('half')
            state.situation += '+'
          } else for (let n = 0; n <= maxFollowedActions; n++) feed.changed(`other${n}`, 'p0' as PeerId)
        }
        for (const which of [0, 1]) {
          await follow(which)
          expect(views[which]).toEqual(held)
        }
      }),
      { numRuns: 500 },
    )
  })
})
