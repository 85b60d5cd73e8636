/** Makes the pauses of one run: at most every `everyMs` the event loop gets its turn.
 *  Host calls are synchronous, so a module that only computes would starve the timer that aborts it.
 *  Await the returned function at least once in some thousand steps of work. */
export function createPause(everyMs = 20): () => Promise<void> | undefined {
  let last = performance.now()
  return () => {
    if (performance.now() - last < everyMs) return undefined
    return new Promise((resolve) => {
      setImmediate(() => {
        last = performance.now()
        resolve()
      })
    })
  }
}
