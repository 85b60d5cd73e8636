import { type Answer, account, type Expected } from '../core/accounting.ts'
import { maxUpdateAnswers } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { VerifiedAction } from '../verification/verify-action.ts'
import type { AnswerReader, HeldAnswer } from './answers.ts'
import type { ChangeFeed } from './change-feed.ts'

/** The account in numbers. Always what `account` would count, at the cost of what has changed. */
export interface Tally {
  readonly expected: number
  readonly answered: number
  readonly failed: number
  readonly refused: number
  readonly silent: number
  /** Among the answered, those with a hit. */
  readonly found: number
}

export interface ActionUpdate {
  /** Ask for what comes after this next. */
  readonly change: number
  /** There is more to be had at once. */
  readonly more: boolean
  readonly answers: readonly HeldAnswer[]
  readonly tally: Tally
}

export interface ActionUpdates {
  /** Answers that have changed after `after`, 0 for all, at most a page of them, and how the account stands. */
  since(action: VerifiedAction, after: number): Promise<ActionUpdate>
  /** The set of those who are expected has changed. */
  expectedAnew(actionId: string): void
}

type Group = 'answered' | 'failed' | 'refused' | 'silent'

/** A running account: where each who is expected stands, and how far the feed has been read. */
interface Running {
  readonly situation: string
  readonly names: ReadonlyMap<PeerId, string>
  readonly placeOf: Map<PeerId, { readonly group: Group; readonly found: boolean }>
  readonly tally: { -readonly [Key in keyof Tally]: number }
  upTo: number
}

export function createActionUpdates(ports: {
  readonly feed: ChangeFeed
  readonly reader: AnswerReader
  readonly replySeedOf: (actionId: string) => Promise<Uint8Array | undefined>
  readonly expectedOf: (actionId: string) => Promise<readonly Expected[]>
  /** How the account takes answers of this action now. */
  readonly accountable: (
    action: VerifiedAction,
  ) => (answers: readonly HeldAnswer[]) => ReadonlyMap<PeerId, Answer>
  /** Another text when every answer of this action has to be judged anew. */
  readonly situationOf: (action: VerifiedAction) => string
}): ActionUpdates {
  const { feed, reader } = ports
  /** Those that are followed, the latest last. */
  const accounts = new Map<string, Running>()
  let lastTurn: Promise<unknown> = Promise.resolve()

  function place(running: Running, peer: PeerId, answers: ReadonlyMap<PeerId, Answer>): void {
    const name = running.names.get(peer)
    if (name === undefined) return
    const { tally, placeOf } = running
    const one = account([{ peer, name }], answers, () => name)
    const group = groups.find((each) => one[each].some((line) => line.peer === peer)) ?? 'silent'
    const found = one.found > 0
    const before = placeOf.get(peer)
    if (before !== undefined) {
      tally[before.group]--
      if (before.found) tally.found--
    }
    tally[group]++
    if (found) tally.found++
    placeOf.set(peer, { group, found })
  }

  async function tallyOf(action: VerifiedAction, replySeed: Uint8Array | undefined): Promise<Tally> {
    const { id } = action
    const situation = `${ports.situationOf(action)} ${replySeed !== undefined}`
    const take = ports.accountable(action)
    let running = accounts.get(id)
    // Before anything is read: what comes meanwhile is looked at again.
    const now = feed.last(id)
    if (running?.situation !== situation) {
      const names = new Map((await ports.expectedOf(id)).map(({ peer, name }) => [peer, name]))
      const tally = { expected: names.size, answered: 0, failed: 0, refused: 0, silent: 0, found: 0 }
      running = { situation, names, placeOf: new Map(), tally, upTo: now }
      const answers = take(await reader.read(id, replySeed))
      for (const peer of names.keys()) place(running, peer, oneOf(answers, peer))
    } else {
      const { peers } = feed.page(id, running.upTo, Number.POSITIVE_INFINITY)
      running.upTo = now
      for (const peer of peers) place(running, peer, take(await reader.readOf(id, peer, replySeed)))
    }
    accounts.delete(id)
    accounts.set(id, running)
    if (accounts.size > maxAccounts) accounts.delete(accounts.keys().next().value as string)
    return { ...running.tally }
  }

  async function since(action: VerifiedAction, after: number): Promise<ActionUpdate> {
    const { id } = action
    const replySeed = await ports.replySeedOf(id)
    if (!feed.isSeeded(id)) {
      const held = await reader.read(id, replySeed)
      feed.seed(
        id,
        held.map(({ peer }) => peer),
      )
    }
    const { peers, change, more } = feed.page(id, after, maxUpdateAnswers)
    const answers: HeldAnswer[] = []
    for (const peer of peers) answers.push(...(await reader.readOf(id, peer, replySeed)))
    return { change, more, answers, tally: await tallyOf(action, replySeed) }
  }

  return {
    since(action, after) {
      // One after another: two that follow one action share its account.
      const update = lastTurn.then(() => since(action, after))
      lastTurn = update.catch(() => undefined)
      return update
    },
    expectedAnew: (actionId) => void accounts.delete(actionId),
  }
}

const groups: readonly Group[] = ['answered', 'failed', 'refused', 'silent']
/** Nobody follows more at once; another is counted from the beginning. */
const maxAccounts = 16

function oneOf(answers: ReadonlyMap<PeerId, Answer>, peer: PeerId): ReadonlyMap<PeerId, Answer> {
  const answer = answers.get(peer)
  return answer === undefined ? new Map() : new Map([[peer, answer]])
}
