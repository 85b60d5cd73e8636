import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Threads } from '../modules/threads.ts'
import { maxModuleThreads, threadHeapMegabytes } from '../node/core/limits.ts'

/** To start one takes 50 ms of a core: a run that is over by then needs none. */
const afterMs = 100

/** What an operation takes by itself: with a third, a search through a whole machine can come to the memory at which it is ended. */
const ownThreads = 2

/** Threads for the modules of this process, where the build has put their program beside it.
 *  @param count asked for; else half the cores, as MIG takes them, as far as memory permits
 *  @returns undefined for one thread, and when run from source */
export function moduleThreads(
  count = Math.min(ownThreads, Math.floor(availableParallelism() / 2)),
): Threads | undefined {
  const program = fileURLToPath(new URL('./file-thread.cjs', import.meta.url))
  const threads = Math.min(count, maxModuleThreads)
  if (threads < 2 || !existsSync(program)) return undefined
  return {
    count: threads,
    afterMs,
    start: (workerData) =>
      new Worker(program, {
        workerData,
        env: {},
        // What it might print would stand among the events of the run.
        stdout: true,
        stderr: true,
        resourceLimits: { maxOldGenerationSizeMb: threadHeapMegabytes, maxYoungGenerationSizeMb: 3 },
      }),
  }
}
