/** A fixed number of places; whoever finds none waits, the first come first. */
export class Places {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(count: number) {
    this.#free = count
  }

  /** Takes a place. Rejects with the signal's reason when it aborts first.
   *  @returns what gives it back */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#turn(signal)
    let taken = true
    return () => {
      if (!taken) return
      taken = false
      const next = this.#waiting.values().next().value
      if (next === undefined) this.#free++
      else next()
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(turn)
        reject(signal.reason)
      }
      const turn = () => {
        this.#waiting.delete(turn)
        signal.removeEventListener('abort', abort)
        resolve()
      }
      this.#waiting.add(turn)
      signal.addEventListener('abort', abort, { once: true })
    })
  }
}
