import { modules } from '../../modules/registry.ts'
import { base64Decode, base64Encode } from '../../node/core/encoding.ts'
import { messageOf } from '../../node/core/error.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { runnableModules } from '../../node/gate/runnable-modules.ts'
import type { Runner } from '../../node/gate/runner.ts'
import type { CollectorNode } from '../../node/roles/collector.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import { createLab, type Lab, type LabAgent, type LabPerson } from '../../node/roles/lab.ts'
import type { Calm } from './calm.ts'
import { createDisk, createOutside } from './disk.ts'
import { createSimNetwork, type SimNetwork } from './network.ts'
import { expireSeconds, healAtMs, type Plan, type PlannedNode, planOf, resultTtlSeconds } from './plan.ts'
import { createScheduler, epochMs, type Scheduler } from './scheduler.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'

/** One machine of the fleet, through all its starts. */
export interface Machine {
  readonly planned: PlannedNode
  /** Undefined while it is down. */
  running:
    | { readonly agent?: LabAgent; readonly investigator?: InvestigatorNode; readonly node: CollectorNode }
    | undefined
  readonly start: () => Promise<void>
  readonly crash: () => void
}

export interface World {
  readonly seed: number
  readonly plan: Plan
  readonly scheduler: Scheduler
  readonly machines: ReadonlyMap<string, Machine>
  /** Questions whose sending came to its end. */
  readonly asked: readonly { readonly name: string; readonly id: string; readonly by: string }[]
  /** By agent and question. */
  readonly runs: ReadonlyMap<string, number>
  /** What went wrong in the simulation's own hands. */
  readonly faults: readonly string[]
  agents(): readonly LabAgent[]
  investigators(): readonly InvestigatorNode[]
}

/** Whoever is down asks when it is up again. */
const retryMs = 1000

/** The people's signatures are dated by the virtual clock of the run. */
export const signing = { nowMs: epochMs }

/** Lives through the plan of a seed until everything has healed. */
export async function liveThrough(
  seed: number,
  ports: { readonly calm: Calm; readonly people: readonly LabPerson[]; readonly root: string },
): Promise<World> {
  const { calm, people, root } = ports
  calm.restart(seed)
  const plan = planOf(seed)
  const scheduler = createScheduler(calm)
  const random = seededRandom(seed, 'way')
  const network = createSimNetwork({ scheduler, random })
  const asked: World['asked'][number][] = []
  const runs = new Map<string, number>()
  const faults: string[] = []
  const failed = (what: string) => (error: unknown) => faults.push(`${what}: ${messageOf(error)}`)
  const clock = scheduler.clock({ name: 'lab', skewMs: 0, isDead: () => false })
  signing.nowMs = epochMs - 60_000
  const lab = await createLab(
    { people, policy: { limits: { resultttl: resultTtlSeconds } } },
    {
      clock,
      random: seededRandom(seed, 'keys'),
      isRepeatable: true,
      log: (node, event, details) => scheduler.note(`${node} ${event} ${JSON.stringify(details ?? {})}`),
    },
  )
  const machines = new Map<string, Machine>()
  for (const planned of plan.nodes)
    machines.set(planned.name, machineOf(planned, { lab, scheduler, random, network, runs, root }))

  network.setReach(plan.mayReach)
  network.setWeather(plan.weather)
  for (const { planned, start } of machines.values())
    scheduler.after(
      planned.startAtMs,
      `start ${planned.name}`,
      () => void start().catch(failed(`start ${planned.name}`)),
    )
  for (const question of plan.questions) {
    const askWhenUp = () => {
      const { investigator } = machines.get(question.by)?.running ?? {}
      if (investigator === undefined) {
        scheduler.after(retryMs, `ask ${question.name}`, askWhenUp)
        return
      }
      ask(lab, people, investigator, question.name, epochMs + scheduler.nowMs())
        .then((id) => asked.push({ ...question, id }))
        .catch((error: unknown) => scheduler.note(`not asked ${question.name}: ${messageOf(error)}`))
    }
    scheduler.after(question.atMs, `ask ${question.name}`, askWhenUp)
  }
  for (const fault of plan.faults) {
    scheduler.after(fault.atMs, `fault ${fault.kind}`, () => {
      if (fault.kind === 'crash') {
        const machine = machines.get(fault.name)
        if (machine?.running === undefined) return
        machine.crash()
        const startAgain = () => void machine.start().catch(failed(`start ${fault.name} again`))
        scheduler.after(fault.forMs, `start ${fault.name} again`, startAgain)
      } else if (fault.kind === 'split') {
        network.setReach((a, b) => plan.mayReach(a, b) && fault.side.has(a) === fault.side.has(b))
        scheduler.after(fault.forMs, 'join again', () => network.setReach(plan.mayReach))
      } else {
        const pairs = network.pairs()
        if (pairs.length > 0) network.cut(...random.pick(pairs))
      }
    })
  }
  await scheduler.runTo(healAtMs)
  network.setReach(plan.mayReach)
  network.setWeather({ ...plan.weather, broken: 0, slowestMs: Math.min(plan.weather.slowestMs, 300) })
  await scheduler.until(
    Promise.all([...machines.values()].map((machine) => machine.running ?? machine.start())),
  )
  return {
    seed,
    plan,
    scheduler,
    machines,
    asked,
    runs,
    faults,
    agents: () => [...machines.values()].flatMap(({ running }) => running?.agent ?? []),
    investigators: () => [...machines.values()].flatMap(({ running }) => running?.investigator ?? []),
  }
}

function machineOf(
  planned: PlannedNode,
  world: {
    readonly lab: Lab
    readonly scheduler: Scheduler
    readonly random: SeededRandom
    readonly network: SimNetwork
    readonly runs: Map<string, number>
    readonly root: string
  },
): Machine {
  const { lab, scheduler, random, network, runs, root } = world
  const { name, role, skewMs } = planned
  const disk = createDisk()
  const gateDisk = createDisk()
  const outside = createOutside()
  let peer: PeerId | undefined
  let starts = 0

  const runnerOn = (clock: { sleep(ms: number, signal: AbortSignal): Promise<void> }): Runner => ({
    modules: runnableModules(modules),
    async run({ parameters, signal }) {
      const key = `${name} ${JSON.stringify(parameters)}`
      runs.set(key, (runs.get(key) ?? 0) + 1)
      scheduler.note(`${key} runs`)
      await clock.sleep(random.between(0, 5000), signal)
      const result = {
        foundanything: false,
        success: true,
        elements: {},
        statistics: { stufffound: 0 },
        errors: null,
      }
      return { outcome: 'done', result, found: 0 }
    },
  })
  const machine: Machine = {
    planned,
    running: undefined,
    async start() {
      if (machine.running !== undefined) return
      const mine = ++starts
      const isDead = () => mine !== starts
      const clock = scheduler.clock({ name, skewMs, isDead })
      const options = {
        clock,
        bootstrap: planned.bootstrap.map(addressOf),
        listen: planned.isOutboundOnly ? [] : [addressOf(name)],
        store: await disk.open(),
        createMesh: network.createMesh(name, isDead),
        ...(peer === undefined ? {} : { like: peer }),
      }
      if (role === 'agent') {
        const gateStore = await gateDisk.open()
        const gate = { gateStore, outside: outside.open(), runner: runnerOn(clock) }
        const agent = await lab.startAgent(name, { ...options, ...gate, root })
        if (isDead()) return
        machine.running = { agent, node: agent }
      } else if (role === 'investigator') {
        const investigator = await lab.startInvestigator(name, options)
        machine.running = { investigator, node: investigator }
      } else machine.running = { node: await lab.startRelay(name, options) }
      peer = machine.running?.node.mesh.peerId
    },
    crash() {
      starts++
      machine.running = undefined
      network.crash(name)
      disk.crash(random)
      gateDisk.crash(random)
      outside.crash()
    },
  }
  return machine
}

const addressOf = (name: string) => `/memory/${name}`

async function ask(
  lab: Lab,
  people: readonly LabPerson[],
  { service }: InvestigatorNode,
  name: string,
  nowMs: number,
): Promise<string> {
  const draft = await service.draft({
    name,
    target: 'TRUE',
    operations: [{ module: 'example', parameters: { lookuphost: [name] } }],
    expireSeconds,
  })
  signing.nowMs = nowMs
  const signers = people.map(({ signer }) => signer)
  const wire = await lab.sign('mig.action.v3', base64Decode(draft.body) as Uint8Array, signers)
  return (await service.send({ wire: base64Encode(wire) })).id
}
