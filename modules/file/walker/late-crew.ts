import type { RunContext } from '../../module.ts'
import type { Throttle } from '../../throttle.ts'
import type { BytePath } from '../file-path.ts'
import type { FileParameters } from '../options.ts'
import type { Board } from './board.ts'
import { Crew, type ReportTaker } from './crew.ts'
import type { TreeWalk } from './tree-walk.ts'

/** A crew that comes when the walk turns out to be large, if the run may have one. */
export class LateCrew {
  readonly #start: (() => Crew) | undefined
  readonly #fromMs: number
  #crew: Crew | undefined

  constructor(
    { threads, host, now, share = 1 }: RunContext,
    parameters: FileParameters,
    roots: readonly (readonly BytePath[])[],
    board: Board,
    throttle: Throttle,
    taker: ReportTaker,
  ) {
    this.#fromMs = performance.now() + (threads?.afterMs ?? 0)
    if (threads === undefined || threads.count < 2) return
    const { root, platform } = host
    this.#start = () => {
      const order = { root, platform, parameters, now, roots, share, since: throttle.start }
      return new Crew(threads, order, board, taker)
    }
  }

  get isHungry(): boolean {
    return this.#crew?.isHungry ?? false
  }

  /** This thread has a walk of its own. */
  begin(): void {
    this.#crew?.begin()
  }

  /** Leaves a part of the walk to others, should they wait for it. */
  share(walk: TreeWalk): void {
    if (this.#crew === undefined) {
      if (this.#start === undefined || performance.now() < this.#fromMs || !walk.isShareable) return
      this.#crew = this.#start()
    }
    this.#crew.share(walk)
  }

  /** Gives a walk that is done what others have left. @returns false when there is nothing */
  takeInto(walk: TreeWalk): boolean {
    const errand = this.#crew?.take()
    if (errand === undefined) return false
    walk.take(errand)
    return true
  }

  /** Has nobody anything more to do or to say? */
  get isOver(): boolean {
    return this.#crew?.isOver ?? true
  }

  async wait(): Promise<void> {
    await this.#crew?.wait()
  }

  async settle(): Promise<void> {
    await this.#crew?.settle()
  }

  async close(): Promise<void> {
    await this.#crew?.close()
  }
}
