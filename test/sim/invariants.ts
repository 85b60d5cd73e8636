import { clockToleranceSeconds } from '../../node/core/limits.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import * as keys from '../../node/store/keyspace.ts'
import { type ItemKind, itemKinds } from '../../node/sync/item.ts'
import { expireSeconds, healAtMs, resultTtlSeconds } from './plan.ts'
import type { World } from './world.ts'

/** After healing everything has to be in its place within this time: an outbox waits at most 5 min between two attempts, a third carrier is
 *  asked after 5 min, and a way of several hops takes some of these one after another. */
export const peaceMs = 2_000_000

/** What is still wrong, in words; empty when the promises of protocol 7 hold. */
export async function unkept(world: World): Promise<readonly string[]> {
  const wrong: string[] = [...world.faults]
  // A run in which nothing was asked promises nothing.
  if (world.asked.length === 0) wrong.push('no question was asked')
  const investigators = world.investigators()
  for (const { id, name, by } of world.asked) {
    for (const [place, machine] of world.machines) {
      const { agent } = machine.running ?? {}
      if (agent === undefined) continue
      const peer = agent.mesh.peerId
      for (const node of investigators) {
        const held = await node.shelf.get('result', keys.result(id, peer))
        if (held === undefined) wrong.push(`${name}: no answer of ${place} at an investigator's node`)
      }
      const runs = world.runs.get(`${place} ${JSON.stringify({ lookuphost: [name] })}`) ?? 0
      const results = (await world.machines.get(by)?.running?.investigator?.service.results(id)) ?? []
      const result = results.find((one) => one.peer === peer)
      if (
        result !== undefined &&
        result.outcome !== 'interrupted' &&
        (result.outcome !== 'done' || runs !== 1)
      )
        wrong.push(`${name}: ${place} says ${result.outcome} after ${runs} runs`)
    }
    const account = await world.machines.get(by)?.running?.investigator?.service.accounting(id)
    if (account !== undefined && account.silent.length > 0)
      wrong.push(`${name}: silent are ${account.silent.map((line) => line.name).join(', ')}`)
  }
  for (const [what, runs] of world.runs) if (runs > 1) wrong.push(`${what} ran ${runs} times`)
  for (const [name, { running }] of world.machines) {
    if (running === undefined) {
      wrong.push(`${name} is down`)
      continue
    }
    const { agent } = running
    const waiting = (await agent?.waiting()) ?? 0
    if (waiting > 0) wrong.push(`${name}: ${waiting} answers without a receipt`)
    const carried = agent?.shelf.keys('result').length ?? 0
    if (carried > 0) wrong.push(`${name}: still carries ${carried} answers`)
    const { contradictions, orphans } = running.node.aside.counts()
    if (contradictions + orphans > 0)
      wrong.push(`${name}: ${contradictions} contradictions, ${orphans} orphans`)
  }
  for (const kind of [...itemKinds, 'agent-certificate'] as const) {
    const sets = new Set(investigators.map((node) => node.shelf.set(kind).fingerprint('')))
    if (sets.size > 1)
      wrong.push(`investigators hold different sets: ${kind}: ${differences(investigators, kind)}`)
  }
  return wrong
}

/** Keys with their marks that one holds and another does not. */
function differences(nodes: readonly InvestigatorNode[], kind: ItemKind | 'agent-certificate'): string {
  if (kind === 'agent-certificate') return kind
  const held = nodes.map(
    ({ shelf }) => new Map(shelf.keys(kind).map((key) => [shelf.markOf(kind, key), key])),
  )
  const differing = held.flatMap((own, at) =>
    [...own]
      .filter(([mark]) => held.some((others) => !others.has(mark)))
      .map(([, key]) => `only ${at}: ${key}`),
  )
  return differing.join(', ')
}

/** Waits on the virtual clock until all is kept. @returns what is not when the time is up, and when it was */
export async function peace(
  world: World,
): Promise<{ readonly wrong: readonly string[]; readonly afterMs: number }> {
  for (let atMs = healAtMs; ; atMs += 10_000) {
    await world.scheduler.runTo(Math.max(atMs, world.scheduler.nowMs()))
    const wrong = await world.scheduler.until(unkept(world))
    if (wrong.length === 0 || atMs - healAtMs >= peaceMs) return { wrong, afterMs: atMs - healAtMs }
  }
}

/** Nothing of a question is kept for ever. @returns what is left once its time is over */
export async function leftOver(world: World): Promise<readonly string[]> {
  const lastAskedMs = Math.max(0, ...world.plan.questions.map(({ atMs }) => atMs))
  const spareMs = 300_000
  const overMs = lastAskedMs + (expireSeconds + resultTtlSeconds + clockToleranceSeconds) * 1000 + spareMs
  await world.scheduler.runTo(overMs)
  const left: string[] = []
  for (const [name, { running }] of world.machines) {
    for (const kind of ['action', 'status', 'result', 'receipt'] as const) {
      const count = running?.node.shelf.keys(kind).length ?? 0
      if (count > 0) left.push(`${name}: ${count} ${kind}`)
    }
    const outbox = (await running?.agent?.gate.outbox())?.length ?? 0
    if (outbox > 0) left.push(`${name}: ${outbox} in the outbox`)
  }
  return left
}
