import { z } from 'zod'
import { formatGoDuration } from '../../node/core/go-duration.ts'
import type { ModuleEvent, RunContext } from '../module.ts'
import { Throttle } from '../throttle.ts'
import { Turns } from '../turns.ts'
import type { FileElement } from './element.ts'
import { FileWork } from './file-work.ts'
import { Ledger } from './ledger.ts'
import type { FileParameters } from './options.ts'
import { planSearches } from './search-plan.ts'
import { mountsOf } from './skipped-mounts.ts'
import { Board } from './walker/board.ts'
import { LateCrew } from './walker/late-crew.ts'
import { visitRoot } from './walker/root.ts'
import { Scopes } from './walker/scopes.ts'
import { TreeWalk } from './walker/tree-walk.ts'

export const fileStatistics = z.strictObject({
  /** Files tested, each once however many searches it lies in. */
  filescount: z.int(),
  openfailed: z.int(),
  totalhits: z.int(),
  exectime: z.string().max(32),
})
export type FileStatistics = z.infer<typeof fileStatistics>

/** Runs all searches in one walk. */
export async function* runSearches(
  parameters: FileParameters,
  context: RunContext,
): AsyncGenerator<ModuleEvent<FileElement>, FileStatistics> {
  const { host, signal, now, maxMatches, share = 1 } = context
  const started = performance.now()
  const plans = planSearches(parameters, now, host)
  const scopes = new Scopes(plans, (roots) => new Board(plans.length, roots))
  const { board } = scopes
  const ledger = new Ledger(plans, board, maxMatches)
  const throttle = new Throttle(share)
  const turns = new Turns(throttle)
  const breath = {
    get isStopped() {
      return signal.aborted || board.isStopped
    },
    pause: () => turns.pause(),
  }
  for (const { code, about } of plans.flatMap((plan) => plan.problems)) ledger.problem(code, about, false)
  const work = new FileWork(plans, board, breath, ledger)
  const walk = new TreeWalk(host, scopes, mountsOf(host), work)
  const crew = new LateCrew(
    context,
    parameters,
    plans.map(({ roots }) => roots),
    board,
    throttle,
    ledger,
  )
  const isDue = () =>
    ledger.hasNews || turns.isDue() || breath.isStopped || (crew.isHungry && walk.isShareable)

  try {
    for (const root of scopes.roots) {
      const begun = breath.isStopped ? [] : scopes.arrive(root)
      if (begun.length === 0) continue
      const found = visitRoot(host, root, begun, plans, work)
      const { tree } = found
      if (tree !== undefined) walk.begin(tree.directory, root, tree.real, scopes.activate([], begun))
      walk.work(found.work)
      crew.begin()
      for (;;) {
        yield* ledger.takeNews()
        // What was found in a file that is under way is found; the scanner knows when to stop.
        if (breath.isStopped && !walk.isWorking) break
        if (walk.isDone) {
          if (!crew.takeInto(walk)) {
            if (crew.isOver) break
            await crew.wait()
          }
          await turns.pause()
          continue
        }
        const wait = walk.advance(isDue)
        if (wait !== undefined) await wait
        crew.share(walk)
        await turns.pause()
      }
    }
    if (breath.isStopped) {
      board.stop()
      await crew.settle()
    }
  } finally {
    walk.close()
    work.close()
    await crew.close()
  }
  yield* ledger.takeNews()
  if (ledger.isWhole && !signal.aborted) yield* ledger.misses()
  const rest = ledger.moreProblems()
  if (rest !== undefined) yield rest
  return { ...ledger.counts, exectime: formatGoDuration(performance.now() - started) }
}
