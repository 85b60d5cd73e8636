import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { modules } from '../../../modules/registry.ts'
import type { Instant } from '../../../node/core/clock.ts'
import { base64Decode } from '../../../node/core/encoding.ts'
import { createChildRunner } from '../../../node/gate/child-runner.ts'
import { createLocalGate } from '../../../node/gate/local-gate.ts'
import type { Runner } from '../../../node/gate/runner.ts'
import { readCertificate } from '../../../node/roles/enrol.ts'
import { createOutsideMemory } from '../../../node/roles/outside-memory.ts'
import { openLevelStore } from '../../../node/store/level-store.ts'
import { systemClock } from '../../../node/system/system-clock.ts'
import { createManualClock } from '../manual-clock.ts'
import { aReceipt } from '../receipt.ts'
import type { CrashPlan } from '../victim.ts'

/** A whole gate with a real store and real module children, which kills itself where it is told. It prints what it has
 *  acknowledged, a line each. */
const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as CrashPlan
const bytes = (text: string) => base64Decode(text) as Uint8Array
const say = (line: string) => writeSync(1, `${line}\n`)
const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => undefined)
}

let point = 0
/** Every write to the disk comes by here, in the order in which the gate makes them. */
async function durable(name: string, write: () => Promise<void>): Promise<void> {
  const isHere = ++point === plan.point
  if (isHere) say(`point ${name}`)
  if (isHere && plan.when === 'before') await die()
  const written = write()
  if (isHere && plan.when === 'during') setImmediate(die)
  await written
}

const store = await openLevelStore(join(plan.state, 'store'))
const outside = createOutsideMemory(plan.state)
const clock = createManualClock(plan.now as Instant)
const watchers = new Set<() => void>()
let outcomes = 0
let isPruned = false
const until = (isSo: () => boolean) =>
  new Promise<void>((resolve) => {
    const look = () => isSo() && resolve()
    watchers.add(look)
    look()
  })

const children = createChildRunner(
  modules,
  { command: [process.execPath, plan.module], root: plan.root, prlimit: undefined },
  { clock: systemClock, log: () => undefined },
)
const runner: Runner = {
  modules: children.modules,
  async run(order) {
    const running = children.run(order)
    if (plan.when !== 'running') return running
    const runs = join(plan.root, 'runs')
    while (readFileSync(runs, 'utf8') === '') await systemClock.sleep(2)
    return die()
  },
}
const gate = await createLocalGate(
  {
    certificate: readCertificate(bytes(plan.certificate)),
    certificateWire: bytes(plan.certificate),
    answerSeed: bytes(plan.answerSeed),
    version: '0.1.0',
    mode: 'daemon',
    unborn: true,
    storeLost: false,
  },
  {
    store: {
      get: (key) => store.get(key),
      entries: (range) => store.entries(range),
      keys: (range) => store.keys(range),
      close: () => store.close(),
      write: (changes, options) =>
        durable(
          changes.map((change) => ('put' in change ? change.put : change.delete).split('/')[0]).join('+'),
          () => store.write(changes, options),
        ),
    },
    outside: { read: outside.read, write: (record) => durable('outside', () => outside.write(record)) },
    clock,
    runner,
    environment: () => ({ init: '', ident: '', os: 'linux', arch: 'amd64', addresses: [], modules: [] }),
    processId: process.pid,
    checkSpace: async () => undefined,
    log(event) {
      if (event === 'outcome') outcomes++
      if (event === 'pruned') isPruned = true
      for (const watcher of watchers) watcher()
    },
  },
)
say('born')
await gate.offerPolicy(bytes(plan.rootWire), bytes(plan.policy))
say('policy')
for (const { id, wire } of plan.actions) say(`${(await gate.offerAction(bytes(wire))).kind} ${id}`)
await until(() => outcomes === plan.actions.length)
for (const entry of await gate.outbox()) if (entry.kind === 'result') say(`sent ${entry.actionId}`)
if (plan.when === 'sent') await die()
for (const entry of await gate.outbox()) {
  if (entry.kind !== 'result') continue
  await gate.offerReceipt(aReceipt(entry))
  say(`confirmed ${entry.actionId}`)
}
clock.advance(2 * 3600 * 1000)
await until(() => isPruned)
say('pruned')
if (plan.when === 'pruned') await die()
await gate.stop()
children.stop()
await store.close()
say(`finished ${point}`)
