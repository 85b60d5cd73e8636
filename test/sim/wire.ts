import { MigError } from '../../node/core/error.ts'
import type { FrameStream } from '../../node/mesh/mesh.ts'
import type { Scheduler } from './scheduler.ts'

/** Two ends of a stream: what is written arrives in order, when the scheduler says so, or the stream breaks. */
export interface Wire {
  readonly ends: readonly [FrameStream, FrameStream]
  /** The link below is gone. */
  sever(reason: string): void
  /** The other side hears of the stream with the opener's first frame, or with its end. */
  onFirst(task: () => void): void
}

type Arrival = Uint8Array | 'end'

export function createWire(ports: {
  readonly scheduler: Scheduler
  readonly label: string
  readonly delayMs: () => number
  /** Asked at each frame. */
  readonly isBroken: () => boolean
}): Wire {
  const { scheduler, label, delayMs, isBroken } = ports
  const inboxes: readonly [Arrival[], Arrival[]] = [[], []]
  const latestMs: [number, number] = [0, 0]
  const isClosed: [boolean, boolean] = [false, false]
  let wakers: (() => void)[] = []
  let severed: MigError | undefined
  let first: (() => void) | undefined

  function wake(): void {
    const all = wakers
    wakers = []
    for (const waker of all) waker()
  }
  function sever(reason: string): void {
    severed ??= new MigError('not-reachable', reason)
    wake()
  }
  /** TCP keeps the order. */
  function send(to: 0 | 1, arrival: Arrival): void {
    const atMs = Math.max(latestMs[to] + 0.001, scheduler.nowMs() + delayMs())
    latestMs[to] = atMs
    const what = arrival === 'end' ? 'end' : `${arrival.length} bytes`
    scheduler.after(atMs - scheduler.nowMs(), `${label} ${to === 1 ? '>' : '<'} ${what}`, () => {
      if (severed !== undefined) return
      if (isBroken()) return sever('the stream broke')
      inboxes[to].push(arrival)
      if (to === 1 && first !== undefined) {
        const serve = first
        first = undefined
        serve()
      }
      wake()
    })
  }

  const end = (own: 0 | 1): FrameStream => {
    const other = own === 0 ? 1 : 0
    return {
      async read({ signal, maxBytes }) {
        for (;;) {
          const head = inboxes[own][0]
          if (head === 'end') return undefined
          if (head !== undefined) {
            inboxes[own].shift()
            if (head.length > maxBytes) throw new MigError('too-large', 'a frame over the bound')
            return head
          }
          if (severed !== undefined) throw severed
          signal.throwIfAborted()
          await new Promise<void>((resolve) => {
            wakers.push(resolve)
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
        }
      },
      async write(frame, { signal }) {
        if (severed !== undefined) throw severed
        signal.throwIfAborted()
        send(other, frame.slice())
      },
      async close() {
        if (isClosed[own] || severed !== undefined) return
        isClosed[own] = true
        send(other, 'end')
      },
      abort: sever,
    }
  }
  return {
    ends: [end(0), end(1)],
    sever,
    onFirst(task) {
      first = task
    },
  }
}
