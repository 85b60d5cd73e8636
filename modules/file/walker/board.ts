/** What the threads of one run tell one another: whether to stop, which searches need no more files, which search paths were come to. */
export class Board {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #scopes: number

  /** @param buffer of the board of another thread, to look at the same */
  constructor(scopes: number, roots: number, buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(4 * (heads + scopes + roots))
    this.#words = new Int32Array(this.buffer)
    this.#scopes = scopes
  }

  get isStopped(): boolean {
    return Atomics.load(this.#words, stopped) !== 0
  }

  /** Ends the run in all threads, those that rest too. */
  stop(): void {
    Atomics.store(this.#words, stopped, 1)
    Atomics.notify(this.#words, stopped)
  }

  /** Rests until the time is over or the run is stopped. Blocks the thread. */
  rest(ms: number): void {
    Atomics.wait(this.#words, stopped, 0, ms)
  }

  /** How many searches need no more files: when it has changed, ask which. */
  get fullScopes(): number {
    return Atomics.load(this.#words, full)
  }

  isFull(scope: number): boolean {
    return Atomics.load(this.#words, heads + scope) !== 0
  }

  setFull(scope: number): void {
    if (Atomics.exchange(this.#words, heads + scope, 1) === 0) Atomics.add(this.#words, full, 1)
  }

  /** @returns true to whoever comes to a search path first */
  arrive(root: number): boolean {
    return Atomics.exchange(this.#words, heads + this.#scopes + root, 1) === 0
  }
}

const stopped = 0
const full = 1
const heads = 2
