import { createHost } from '../../host/create-host.ts'
import type { MessagePort } from '../../threads.ts'
import { ownUsage, Throttle, type ThrottleStart } from '../../throttle.ts'
import type { BytePath } from '../file-path.ts'
import { FileWork } from '../file-work.ts'
import type { FileParameters } from '../options.ts'
import { planSearches } from '../search-plan.ts'
import { mountsOf } from '../skipped-mounts.ts'
import { Board } from './board.ts'
import { readErrand, writeErrand } from './errand.ts'
import { ErrandPool } from './errand-pool.ts'
import { Reporter } from './report.ts'
import { Scopes } from './scopes.ts'
import { TreeWalk } from './tree-walk.ts'

/** What a thread is told when it starts. */
export interface ThreadOrder {
  readonly root: string
  readonly platform: NodeJS.Platform
  readonly parameters: FileParameters
  readonly now: number
  /** Of each search, as the run's own thread has them: homes may come and go, and the board counts them. */
  readonly roots: readonly (readonly BytePath[])[]
  readonly share: number
  /** Where the run's throttle began: what starting this thread has cost counts too. */
  readonly since: ThrottleStart
  readonly threads: number
  /** Its number, from 1. */
  readonly self: number
  readonly board: SharedArrayBuffer
  readonly pool: SharedArrayBuffer
}

/** A thread that walks where others leave something to it, until there is nothing more. It blocks: while it has nothing to await, nothing
 *  but what all threads see reaches it. */
export async function runScanThread(order: ThreadOrder, port: MessagePort): Promise<void> {
  const host = createHost({ root: order.root, platform: order.platform })
  const plans = planSearches(order.parameters, order.now, host).map((plan, place) => ({
    ...plan,
    roots: order.roots[place] ?? [],
  }))
  const scopes = new Scopes(plans, (roots) => new Board(plans.length, roots, order.board))
  const { board } = scopes
  const pool = new ErrandPool(board, order.threads, order.self, order.pool)
  const throttle = new Throttle(order.share, ownUsage, order.since)
  const breath = {
    get isStopped() {
      return board.isStopped
    },
    pause() {
      rest(throttle, board)
      return undefined
    },
  }
  const reporter = new Reporter(port, pool)
  const work = new FileWork(plans, board, breath, reporter)
  const walk = new TreeWalk(host, scopes, mountsOf(host), work)
  const isDue = () =>
    board.isStopped || throttle.isDue() || reporter.isDue || (pool.isHungry && walk.isShareable)

  for (let errand = pool.take(); errand !== undefined; errand = pool.take()) {
    walk.take(readErrand(errand))
    while (!walk.isDone && (!board.isStopped || walk.isWorking)) {
      const wait = walk.advance(isDue)
      if (wait !== undefined) await wait
      if (reporter.isDue) reporter.flush()
      if (pool.isHungry) walk.share(pool.appetite, (left) => pool.put(writeErrand(left)))
      rest(throttle, board)
    }
    reporter.flush()
    if (board.isStopped) break
  }
  pool.rest()
  walk.close()
  work.close()
}

function rest(throttle: Throttle, board: Board): void {
  if (!throttle.isDue()) return
  for (let ms = throttle.restMs(); ms > 0 && !board.isStopped; ms = throttle.restMs()) board.rest(ms)
}
