import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { base64Encode } from '../../node/core/encoding.ts'
import { now } from '../verification/pgp/pgp-kit.ts'
import { aMachine, answersOf, aTestFleet, givePolicy, type TestDocument, type TestFleet } from './gate-kit.ts'
import { buildProcess, type CrashPlan, runToEnd } from './victim.ts'

const words = ['first', 'second'] as const

export interface CrashScene {
  readonly fleet: TestFleet
  readonly policy: TestDocument
  readonly actions: readonly TestDocument[]
  readonly script: string
}

/** @param questions how many are asked; the second waits while the first runs */
export async function aCrashScene(questions: 1 | 2): Promise<CrashScene> {
  const fleet = await aTestFleet()
  return {
    fleet,
    policy: await fleet.policy(1),
    actions: await Promise.all(words.slice(0, questions).map((word) => fleet.action(fleet.question(word)))),
    script: await buildProcess('gate-victim'),
  }
}

export interface Crash {
  readonly lines: readonly string[]
  readonly wasKilled: boolean
  /** Every run of this machine until now, before and after the kill. */
  readonly runs: () => readonly string[]
}

/** Kills a gate at each of its writes in turn.
 *  @returns what was being written, kill by kill */
export async function crashEverywhere(
  scene: CrashScene,
  when: CrashPlan['when'],
): Promise<readonly string[]> {
  const points: string[] = []
  const crashes: Crash[] = []
  for (let point = 1; ; point++) {
    const crashed = await crash(scene, when, point)
    if (!crashed.wasKilled) {
      expect(crashed.lines.at(-1)).toBe(`finished ${point - 1}`)
      break
    }
    points.push(crashed.lines.find((line) => line.startsWith('point'))?.slice(6) ?? '?')
    crashes.push(crashed)
  }
  // Children that outlived their gate have had their time by now; what they did counts as well.
  for (const crashed of crashes) expectAtMostOnce(crashed)
  return points
}

export function expectAtMostOnce({ runs }: Crash): void {
  for (const word of words) expect(runs().filter((run) => run === word).length).toBeLessThanOrEqual(1)
}

/** Kills a fresh gate at one point and starts it again on what is left.
 *  @returns how far the victim came, in its own lines */
export async function crash(
  { fleet, policy, actions, script }: CrashScene,
  when: CrashPlan['when'],
  point: number,
): Promise<Crash> {
  const machine = aMachine(fleet)
  const root = join(machine.path, 'root')
  mkdirSync(root, { recursive: true, mode: 0o700 })
  writeFileSync(join(root, 'runs'), '')
  const plan: CrashPlan = {
    when,
    point,
    state: machine.path,
    root,
    module: join(import.meta.dirname, 'processes/module-stand-in.mjs'),
    now,
    certificate: base64Encode(machine.certificateWire),
    answerSeed: base64Encode(machine.answerSeed),
    rootWire: base64Encode(fleet.rootWire),
    policy: base64Encode(policy.wire),
    actions: actions.map(({ id, wire }) => ({ id, wire: base64Encode(wire) })),
  }
  writeFileSync(join(root, 'plan'), JSON.stringify(plan))
  const { lines, signal } = await runToEnd(script, [join(root, 'plan')])
  if (signal === null) return { lines, wasKilled: false, runs: () => [] }
  const said = (line: string) => lines.includes(line)

  machine.isBorn = said('born')
  const gate = await machine.start()
  // A kill alone must never look like a restored copy, or every crash would cost five minutes of questions.
  expect(await gate.identity(), lines.join()).toMatchObject({ rolledBack: false })
  if (said('policy')) expect(await gate.identity()).toMatchObject({ policyVersion: 1 })
  else await givePolicy(gate, fleet)
  const held = await answersOf(gate)
  const interrupted = gate.events.all.filter(([event]) => event === 'outcome').length
  let newlyAccepted = 0
  for (const { id, wire } of actions) {
    const answer = await gate.offerAction(wire)
    if (answer.kind === 'accepted') newlyAccepted++
    // What was acknowledged is not lost, and does not begin again.
    if (said(`accepted ${id}`)) expect(answer.kind, lines.join()).not.toBe('accepted')
    const isPruned = answer.kind === 'refused' && answer.code === 'replay-fence'
    const hadOutcome = held[id]?.outcome !== undefined
    if (
      answer.kind === 'known' &&
      !said(`confirmed ${id}`) &&
      !lines.some((line) => line.startsWith('point outbox'))
    )
      expect(hadOutcome, lines.join()).toBe(true)
    // An answer that went out is the answer for good.
    if (said(`sent ${id}`) && hadOutcome) expect(held[id]).toMatchObject({ outcome: 'done' })
    expect(['accepted', 'known'].includes(answer.kind) || isPruned, JSON.stringify(answer)).toBe(true)
  }
  if (newlyAccepted > 0) await gate.events.seen('outcome', interrupted + newlyAccepted)
  expect(machine.runner.runs).toHaveLength(newlyAccepted)
  await gate.close()
  const runs = () => [...machine.runner.runs, ...readFileSync(join(root, 'runs'), 'utf8').split('\n')]
  return { lines, wasKilled: true, runs }
}
