import type { Board } from './board.ts'

/** What threads leave to one another, and who of them is at work: a stack in memory that all of them see, one at a time. Errands are text
 *  of one byte a character. Bounded: what finds no room stays with who has it. */
export class ErrandPool {
  readonly buffer: SharedArrayBuffer
  readonly #board: Board
  readonly #threads: number
  readonly #self: number
  readonly #words: Int32Array
  readonly #bytes: Buffer

  /** @param threads of the run
   *  @param self the number of this thread, from 0
   *  @param buffer of the pool of another thread, to share the same */
  constructor(board: Board, threads: number, self: number, buffer?: SharedArrayBuffer) {
    this.#board = board
    this.#threads = threads
    this.#self = self
    const heads = 4 * (firstThread + threads * wordsOfThread)
    this.buffer = buffer ?? new SharedArrayBuffer(heads + poolBytes)
    this.#words = new Int32Array(this.buffer, 0, heads / 4)
    this.#bytes = Buffer.from(this.buffer, heads, poolBytes)
  }

  /** Is there less in it than threads that wait for something to do? Cheap enough to be asked for every file. */
  get isHungry(): boolean {
    return Atomics.load(this.#words, waiting) > Atomics.load(this.#words, count)
  }

  /** How many errands would be taken at once. */
  get appetite(): number {
    return 2 * Atomics.load(this.#words, waiting)
  }

  /** @returns false when there is no room */
  put(errand: string): boolean {
    const length = errand.length
    if (length > longestErrand) return false
    return this.#locked(() => {
      const top = Atomics.load(this.#words, used)
      if (top + length + 4 > poolBytes) return false
      this.#bytes.write(errand, top, 'latin1')
      this.#bytes.writeUInt32LE(length, top + length)
      Atomics.store(this.#words, used, top + length + 4)
      Atomics.add(this.#words, count, 1)
      this.#wake()
      return true
    })
  }

  /** Says that this thread has nothing to do, and takes the next errand if there is one. */
  takeNow(): string | undefined {
    return this.#locked(() => {
      const errand = this.#pop()
      Atomics.store(this.#words, this.#busyWord(this.#self), errand === undefined ? 0 : 1)
      return errand
    })
  }

  /** Waits for an errand and takes it. Blocks the thread.
   *  @returns undefined when there is nothing more to do */
  take(): string | undefined {
    for (;;) {
      const seen = Atomics.load(this.#words, wakeups)
      const errand = this.#board.isStopped || this.#isClosed ? undefined : this.takeNow()
      if (errand !== undefined) return errand
      this.rest()
      if (this.#board.isStopped || this.#isClosed) return undefined
      this.beginWait()
      Atomics.wait(this.#words, wakeups, seen, longestWaitMs)
      this.endWait()
    }
  }

  /** This thread waits for something to do: others are to leave it some. */
  beginWait(): void {
    Atomics.add(this.#words, waiting, 1)
  }

  endWait(): void {
    Atomics.sub(this.#words, waiting, 1)
  }

  /** This thread is at work. */
  begin(): void {
    Atomics.store(this.#words, this.#busyWord(this.#self), 1)
  }

  /** This thread, or one that has ended, is not at work. */
  rest(thread = this.#self): void {
    Atomics.store(this.#words, this.#busyWord(thread), 0)
    // It may have ended while it held the lock.
    if (thread !== this.#self) Atomics.compareExchange(this.#words, lock, thread + 1, 0)
  }

  isBusy(thread: number): boolean {
    return Atomics.load(this.#words, this.#busyWord(thread)) !== 0
  }

  /** Is nobody at work, and nothing left? */
  get isOver(): boolean {
    return this.#locked(() => {
      if (Atomics.load(this.#words, count) > 0) return false
      for (let thread = 0; thread < this.#threads; thread++) if (this.isBusy(thread)) return false
      return true
    })
  }

  /** Lets all threads that wait see that something has changed. */
  wake(): void {
    this.#wake()
  }

  /** There will be nothing more. */
  close(): void {
    Atomics.store(this.#words, closed, 1)
    this.#wake()
  }

  /** Counts a message of this thread. Waits while too many of its messages are unread. */
  send(): void {
    const at = this.#sentWord(this.#self)
    Atomics.add(this.#words, at, 1)
    for (;;) {
      const read = Atomics.load(this.#words, at + 1)
      if (Atomics.load(this.#words, at) - read <= maxUnread || this.#board.isStopped) return
      Atomics.wait(this.#words, at + 1, read, longestWaitMs)
    }
  }

  /** Counts that a message of a thread was read. */
  read(thread: number): void {
    Atomics.add(this.#words, this.#sentWord(thread) + 1, 1)
    Atomics.notify(this.#words, this.#sentWord(thread) + 1)
  }

  /** Were all messages of a thread read? */
  isRead(thread: number): boolean {
    const at = this.#sentWord(thread)
    return Atomics.load(this.#words, at) === Atomics.load(this.#words, at + 1)
  }

  get #isClosed(): boolean {
    return Atomics.load(this.#words, closed) !== 0
  }

  #wake(): void {
    Atomics.add(this.#words, wakeups, 1)
    Atomics.notify(this.#words, wakeups)
  }

  #pop(): string | undefined {
    const top = Atomics.load(this.#words, used)
    if (top === 0) return undefined
    const length = this.#bytes.readUInt32LE(top - 4)
    Atomics.store(this.#words, used, top - 4 - length)
    Atomics.sub(this.#words, count, 1)
    return this.#bytes.toString('latin1', top - 4 - length, top - 4)
  }

  #locked<T>(use: () => T): T {
    const owner = this.#self + 1
    for (;;) {
      const holder = Atomics.compareExchange(this.#words, lock, 0, owner)
      if (holder === 0) break
      Atomics.wait(this.#words, lock, holder, 1)
    }
    try {
      return use()
    } finally {
      Atomics.store(this.#words, lock, 0)
      Atomics.notify(this.#words, lock, 1)
    }
  }

  #busyWord(thread: number): number {
    return firstThread + thread * wordsOfThread
  }

  #sentWord(thread: number): number {
    return firstThread + thread * wordsOfThread + 1
  }
}

const lock = 0
const count = 1
const used = 2
const waiting = 3
const wakeups = 4
const closed = 5
const firstThread = 6
/** At work, messages sent, messages read. */
const wordsOfThread = 3

const poolBytes = 256 * 1024
/** A path much beyond PATH_MAX is walked by who came upon it. */
const longestErrand = 16 * 1024
/** Whoever waits looks again by then, should a wake-up have passed it by. */
const longestWaitMs = 50
const maxUnread = 8
