/** Work waiting its turn, one at a time, in order of arrival. */
export interface Queue {
  readonly length: number
  /** False when it is full: the task was not taken. */
  push(id: string, task: (signal: AbortSignal) => Promise<void>): boolean
  /** Takes a waiting task out, or aborts the running one. */
  cancel(id: string): 'removed' | 'aborted' | 'unknown'
  /** Aborts what runs, drops what waits, and settles when nothing runs any more. */
  stop(): Promise<void>
}

/** @param capacity waiting tasks, not counting the running one
 *  @param onError a task must handle its own failures; what it throws all the same ends here */
export function createQueue(capacity: number, onError: (error: unknown) => void): Queue {
  const waiting: { id: string; task: (signal: AbortSignal) => Promise<void> }[] = []
  let current: { id: string; controller: AbortController; done: Promise<void> } | undefined
  let stopped = false

  function next(): void {
    const head = stopped ? undefined : waiting.shift()
    if (head === undefined) {
      current = undefined
      return
    }
    const controller = new AbortController()
    const done = head.task(controller.signal).catch(onError).finally(next)
    current = { id: head.id, controller, done }
  }

  return {
    get length() {
      return waiting.length + (current === undefined ? 0 : 1)
    },
    push(id, task) {
      if (stopped || waiting.length >= capacity) return false
      waiting.push({ id, task })
      if (current === undefined) next()
      return true
    },
    cancel(id) {
      const at = waiting.findIndex((entry) => entry.id === id)
      if (at >= 0) {
        waiting.splice(at, 1)
        return 'removed'
      }
      if (current?.id !== id) return 'unknown'
      current.controller.abort(new Error('cancelled'))
      return 'aborted'
    },
    async stop() {
      stopped = true
      waiting.length = 0
      current?.controller.abort(new Error('stopped'))
      await current?.done
    },
  }
}
