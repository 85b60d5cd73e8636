import { createHash } from 'node:crypto'
import type { Clock, Instant } from '../../node/core/clock.ts'
import type { Calm } from './calm.ts'

/** Virtual time. Whatever happens is an event with a time; one runs after another, each to its last consequence, and nothing waits. */
export interface Scheduler {
  nowMs(): number
  /** Runs the task in `ms`. Returns how to call it off.
   *  @param label what the trace says of it */
  after(ms: number, label: string, task: () => void): () => void
  note(line: string): void
  /** Events until the promise has settled. @throws what it rejects with */
  until<T>(promise: Promise<T>): Promise<T>
  /** Events until this time of the virtual clock. */
  runTo(atMs: number): Promise<void>
  /** SHA-256 over everything that has happened. */
  traceHash(): string
  /** Everything that has happened. */
  trace(): readonly string[]
  events(): number
  /** A node's own clock, dead when its node is. */
  clock(options: { readonly name: string; readonly skewMs: number; readonly isDead: () => boolean }): Clock
}

/** Where virtual time begins: 2026-11-01T00:00:00Z. */
export const epochMs = Date.UTC(2026, 10, 1)
const maxEvents = 400_000

interface Event {
  readonly atMs: number
  readonly order: number
  readonly label: string
  readonly task: () => void
}

export function createScheduler(calm: Calm): Scheduler {
  let nowMs = 0
  let order = 0
  let count = 0
  const hash = createHash('sha256')
  const lines: string[] = []
  const queue = new Map<number, Event>()
  const heap: Event[] = []

  const isBefore = (a: Event, b: Event) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  function push(event: Event): void {
    heap.push(event)
    let at = heap.length - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(event, heap[parent] as Event)) break
      heap[at] = heap[parent] as Event
      at = parent
    }
    heap[at] = event
  }
  function pop(): Event | undefined {
    const first = heap[0]
    const end = heap.pop()
    if (first === undefined || end === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++
      if (!isBefore(heap[child] as Event, end)) break
      heap[at] = heap[child] as Event
      at = child
    }
    heap[at] = end
    return first
  }

  function note(line: string): void {
    const whole = `${nowMs.toFixed(3)} ${line}`
    hash.update(`${whole}\n`)
    lines.push(whole)
  }

  function after(ms: number, label: string, task: () => void): () => void {
    const event: Event = { atMs: nowMs + Math.max(0, ms), order: order++, label, task }
    queue.set(event.order, event)
    push(event)
    return () => queue.delete(event.order)
  }

  /** @returns false when there is none before `atMs` */
  async function step(atMs: number): Promise<boolean> {
    for (;;) {
      const head = heap[0]
      if (head === undefined || head.atMs > atMs) return false
      pop()
      if (!queue.delete(head.order)) continue
      if (++count > maxEvents) throw new Error(`no end after ${maxEvents} events`)
      nowMs = head.atMs
      note(head.label)
      head.task()
      await calm.settle()
      return true
    }
  }

  return {
    nowMs: () => nowMs,
    after,
    note,
    async until(promise) {
      let isSettled = false
      const settled = promise.then(
        () => {
          isSettled = true
        },
        () => {
          isSettled = true
        },
      )
      await calm.settle()
      while (!isSettled)
        if (!(await step(Number.POSITIVE_INFINITY))) throw new Error('nothing is left that could go on')
      await settled
      return promise
    },
    async runTo(atMs) {
      await calm.settle()
      while (await step(atMs));
      nowMs = atMs
    },
    traceHash: () => hash.copy().digest('hex'),
    trace: () => lines,
    events: () => count,
    clock({ name, skewMs, isDead }) {
      const afterOwn: Clock['after'] = (ms, task) =>
        after(ms, `${name} timer`, () => {
          if (!isDead()) task()
        })
      return {
        now: () => Math.floor(epochMs + nowMs + skewMs) as Instant,
        monotonicMs: () => nowMs,
        after: afterOwn,
        sleep: (ms, signal) =>
          new Promise((resolve, reject) => {
            if (signal?.aborted === true) return reject(signal.reason)
            const abort = () => {
              callOff()
              reject(signal?.reason)
            }
            const callOff = afterOwn(ms, () => {
              signal?.removeEventListener('abort', abort)
              resolve()
            })
            signal?.addEventListener('abort', abort, { once: true })
          }),
      }
    },
  }
}
