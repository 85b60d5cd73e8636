import { killGraceMs } from '../node/core/limits.ts'
import type { ModuleDefinition, ModuleEvent, RunContext } from './module.ts'
import { createPause } from './pause.ts'

export interface DriveEnd<S> {
  /** Undefined when the module had to be left hanging. */
  readonly statistics: S | undefined
  /** Ended before its time: aborted from outside, or told to stop because a limit was reached. */
  readonly stopped: boolean
}

/** Runs a module's generator to its end and hands each event to `take`. When `take` says `full`, or the context's signal aborts,
 *  the module is told to stop and gets `killGraceMs` to return its statistics. */
export async function driveModule<P, E, S>(
  definition: Pick<ModuleDefinition<P, E, S>, 'run'>,
  parameters: P,
  context: RunContext,
  take: (event: ModuleEvent<E>) => 'go-on' | 'full' | Promise<'go-on' | 'full'>,
): Promise<DriveEnd<S>> {
  const stop = new AbortController()
  let stoppedAt = Number.POSITIVE_INFINITY
  const abort = () => {
    stoppedAt = Math.min(stoppedAt, performance.now())
    stop.abort()
  }
  if (context.signal.aborted) abort()
  context.signal.addEventListener('abort', abort, { once: true })
  const pause = createPause()
  const events = definition.run(parameters, { ...context, signal: stop.signal })
  try {
    for (;;) {
      const step = await events.next()
      if (step.done === true) return { statistics: step.value, stopped: stop.signal.aborted }
      if ((await take(step.value)) === 'full') abort()
      if (performance.now() - stoppedAt > killGraceMs) return { statistics: undefined, stopped: true }
      await pause()
    }
  } finally {
    context.signal.removeEventListener('abort', abort)
    // Lets the module close what it holds open; after its own end this does nothing.
    await events.return(undefined as S)
  }
}
