import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { Board } from '../../../modules/file/walker/board.ts'
import { Crew } from '../../../modules/file/walker/crew.ts'
import { ErrandPool } from '../../../modules/file/walker/errand-pool.ts'
import type { ThreadOrder } from '../../../modules/file/walker/scan-thread.ts'
import type { Worker } from '../../../modules/threads.ts'

/** A crew of one other thread, which this test is. */
function aCrew(terminate: () => Promise<number>) {
  const board = new Board(1, 1)
  let order: ThreadOrder | undefined
  const threads = {
    count: 2,
    afterMs: 0,
    start(data: unknown) {
      order = data as ThreadOrder
      return Object.assign(new EventEmitter(), { terminate }) as unknown as Worker
    },
  }
  const rest = { root: '/', platform: process.platform, parameters: {}, now: 0, roots: [], share: 1 }
  const since = { nowMs: 0, cpuMs: 0 }
  const taker = { report: () => undefined, lost: () => undefined }
  const crew = new Crew(threads, { ...rest, since }, board, taker)
  return { crew, pool: new ErrandPool(board, 2, 1, order?.pool) }
}

it('is left something to do by a thread that has much, when the run has nothing more of its own', async () => {
  const { crew, pool } = aCrew(async () => 0)
  pool.begin()
  expect(crew.take()).toBeUndefined()
  expect(pool.isHungry).toBe(false)
  const wait = crew.wait()
  expect(pool.isHungry).toBe(true)
  await wait
  expect(pool.isHungry).toBe(false)
})

it('does not wait for a thread that does not end', async () => {
  const { crew } = aCrew(() => new Promise(() => undefined))
  const started = performance.now()
  await crew.close()
  expect(performance.now() - started).toBeLessThan(1000)
})
