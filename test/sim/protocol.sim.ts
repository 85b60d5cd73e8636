import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Instant } from '../../node/core/clock.ts'
import { parseTarget } from '../../node/core/target.ts'
import type { LabPerson } from '../../node/roles/lab.ts'
import { somePeopleWho } from '../roles/people.ts'
import { becomeCalm } from './calm.ts'
import { leftOver, peace } from './invariants.ts'
import { epochMs } from './scheduler.ts'
import { liveThrough, signing } from './world.ts'

const calm = becomeCalm()
const root = mkdtempSync(join(tmpdir(), 'mig-sim-'))
const number = (name: string) => (process.env[name] === undefined ? undefined : Number(process.env[name]))
const only = number('MIG_SIM_SEED')
const first = only ?? number('MIG_SIM_FIRST') ?? 1
const count = only === undefined ? (number('MIG_SIM_SEEDS') ?? 100) : 1
/** Seeds are begun within this time. */
const budgetMs = (number('MIG_SIM_SECONDS') ?? 86_400) * 1000
const everyThatExpires = 8
const shownLines = 400

let people: readonly LabPerson[]
beforeAll(async () => {
  mkdirSync(join(root, 'etc'))
  writeFileSync(join(root, 'etc', 'os-release'), 'PRETTY_NAME="Debian 12"\n')
  // Keys and their dates are the same in every run, and whatever reads the machine's date reads this.
  vi.useFakeTimers({ toFake: ['Date'], now: epochMs - 86_400_000 })
  calm.restart(0)
  people = await somePeopleWho({ now: () => signing.nowMs as Instant }, 'alice')
  // What the library does once only is done before anything is counted.
  for (const { signer } of people) await signer.sign(new Uint8Array(1))
  await parseTarget('TRUE')
})
afterAll(() => {
  vi.useRealTimers()
  rmSync(root, { recursive: true, force: true })
})

interface Lived {
  readonly seed: number
  readonly wrong: readonly string[]
  readonly trace: string
  readonly events: number
  readonly afterMs: number
  readonly lines: readonly string[]
}

async function live(seed: number): Promise<Lived> {
  try {
    const world = await liveThrough(seed, { calm, people, root })
    const { wrong, afterMs } = await peace(world)
    const left =
      wrong.length === 0 && (only !== undefined || seed % everyThatExpires === 0) ? await leftOver(world) : []
    const { scheduler } = world
    return {
      seed,
      wrong: [...wrong, ...left],
      trace: scheduler.traceHash(),
      events: scheduler.events(),
      afterMs,
      lines: scheduler.trace(),
    }
  } catch (error) {
    return {
      seed,
      wrong: [String(error instanceof Error ? error.stack : error)],
      trace: '',
      events: 0,
      afterMs: 0,
      lines: [],
    }
  }
}

it('gives the same trace for the same seed, and another for another', async () => {
  const [one, again, other] = [await live(first), await live(first), await live(first + 1)]
  const differs = one.lines.findIndex((line, at) => line !== again.lines[at])
  expect(again.lines.slice(differs - 5, differs + 1)).toEqual(one.lines.slice(differs - 5, differs + 1))
  expect(again.trace).toBe(one.trace)
  expect(other.trace).not.toBe(one.trace)
  console.log(`seed ${first}: trace ${one.trace}, ${one.events} events`)
}, 600_000)

it('keeps its promises whatever the seed does', async () => {
  const startedMs = performance.now()
  const failures: Lived[] = []
  let lived = 0
  let events = 0
  let worstMs = 0
  for (let seed = first; seed < first + count && performance.now() - startedMs < budgetMs; seed++) {
    const one = await live(seed)
    lived++
    events += one.events
    worstMs = Math.max(worstMs, one.afterMs)
    if (one.wrong.length === 0) continue
    failures.push(one)
    console.log(
      `seed ${seed} FAILED:\n  ${one.wrong.join('\n  ')}\n  trace ${one.trace}\n  again: MIG_SIM_SEED=${seed} npm run test:sim`,
    )
    if (only !== undefined) console.log(one.lines.slice(-shownLines).join('\n'))
    if (failures.length >= 5) break
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(
    `${lived} seeds from ${first}, ${events} events, ${seconds} s; slowest peace ${worstMs / 1000} s after healing`,
  )
  expect(failures.map(({ seed, wrong }) => ({ seed, wrong }))).toEqual([])
  expect(lived).toBeGreaterThan(0)
}, 86_400_000)
