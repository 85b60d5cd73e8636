import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Accounting } from '../../node/core/accounting.ts'
import { connectControl } from '../../node/roles/control-socket.ts'
import type { InvestigatorService } from '../../node/roles/service.ts'
import { aDesk, type Desk } from '../cli/fleet/desk.ts'
import { builtMig } from '../cli/run-mig.ts'
import { childrenOf, until } from '../processes/real-fleet.ts'
import type { Host, Lab } from './lab.ts'
import type { Running } from './lab-machine.ts'

/** A fleet of real processes in the hosts of a lab: one operator's desk, relays with addresses that everybody can dial,
 *  agents and investigators' nodes wherever the plan puts them. The first investigator's node is the desk's own. */
export interface LabFleet {
  readonly desk: Desk
  node(name: string): LabNode
  /** Asks as a person at the desk would, from the named investigator's node, and does not wait for answers. @returns the action's id */
  ask(words: readonly string[], options?: { readonly from?: string }): Promise<string>
  /** The account of an action on one investigator's node. */
  account(id: string, on?: string): Promise<Accounting>
  /** Waits until all of these, and nobody else, have answered; fails with the account that there was. */
  answered(
    id: string,
    names: readonly string[],
    options?: { readonly on?: string; readonly withinMs?: number },
  ): Promise<number>
  withService<T>(name: string, use: (service: InvestigatorService) => Promise<T>): Promise<T>
  /** How often each agent accepted an action, over all lives of its process. */
  acceptances(id: string): Readonly<Record<string, number>>
  stop(): Promise<void>
}

export interface LabNode {
  readonly name: string
  readonly state: string
  readonly host: Host
  start(): Promise<void>
  /** Ends it; `SIGKILL` as a power cut would. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Everything that all its lives have logged. */
  log(): string
  /** Stops it where it stands: its connections live on and nothing comes out of them. */
  freeze(): void
  thaw(): void
}

export interface FleetPlan {
  readonly relays: readonly string[]
  readonly agents: Readonly<Record<string, AgentPlan>>
  /** The first is the desk's own. */
  readonly investigators: readonly string[]
}

/** Agents by host; a listening agent has an address in its own network. */
export interface AgentPlan {
  readonly listens?: boolean
  /** How far its clock is ahead of everybody's. */
  readonly aheadMs?: number
}

const port = 7373

/** A program that runs `mig` on a host whose clock is wrong. The agent starts its other processes by it, too. */
function skewedMig(aheadMs: number): string {
  const path = join(dirname(builtMig()), `skewed-${process.pid}-${aheadMs}.mjs`)
  writeFileSync(
    path,
    `const Right = Date
globalThis.Date = class Date extends Right {
  constructor(...given) { super(...(given.length === 0 ? [Right.now() + ${aheadMs}] : given)) }
  static now() { return Right.now() + ${aheadMs} }
}
await import('./mig.js')
`,
  )
  return path
}

/** @param knownWithinMs until every investigator's node has everybody in its roster */
export async function startFleet(lab: Lab, plan: FleetPlan, knownWithinMs = 90_000): Promise<LabFleet> {
  const desk = aDesk()
  mkdirSync(desk.path('tmp'))
  const nodes = new Map<string, LabNode>()
  const programs: string[] = []
  const invite = async (...words: string[]) => (await desk.mig('invite', ...words)).out
  await desk.mig('init', '--fleet-name', 'Lab', '--person', 'Ada Lovelace <ada@example.org>')

  for (const name of plan.relays) {
    const state = desk.path('relays', name)
    const host = lab.host(name)
    await desk.mig('relay', 'enrol', await invite('--role', 'relay'), '--name', name, '--state', state)
    const listen = ['--listen', `/ip4/${host.address()}/tcp/${port}`]
    nodes.set(
      name,
      aNode(host, name, state, ['relay', 'start', '--state', state, ...listen], /^listening on /),
    )
  }
  for (const name of plan.relays) await nodes.get(name)?.start()
  const addresses = plan.relays.flatMap((name) => {
    const told = /^listening on (\S+)$/m.exec(nodes.get(name)?.log() ?? '')?.[1]
    return told === undefined ? [] : ['--address', told]
  })

  for (const [name, { listens = false, aheadMs = 0 }] of Object.entries(plan.agents)) {
    const host = lab.host(name)
    const state = desk.path('agents', name)
    const root = aMachine(desk, name)
    const line = await invite('--role', 'agent', ...addresses)
    await desk.mig('agent', 'enrol', line, '--name', name, '--state', state)
    const words = ['agent', 'start', '--state', state, '--root', root]
    const listen = listens ? ['--listen', `/ip4/${host.address()}/tcp/${port}`] : []
    const program = aheadMs === 0 ? builtMig() : skewedMig(aheadMs)
    if (aheadMs !== 0) programs.push(program)
    nodes.set(name, aNode(host, name, state, [...words, ...listen], /^ready$/, program))
  }
  for (const [index, name] of plan.investigators.entries()) {
    const state = index === 0 ? desk.path('investigator') : desk.path('investigators', name)
    const line = await invite('--role', 'investigator', ...addresses)
    await desk.mig('investigator', 'enrol', line, '--name', name, '--state', state)
    nodes.set(
      name,
      aNode(lab.host(name), name, state, ['investigator', 'start', '--state', state], /^ready$/),
    )
  }
  // Two cores: all at once would only make all of them late.
  for (const name of [...plan.investigators, ...Object.keys(plan.agents)]) await nodes.get(name)?.start()

  const [first = ''] = plan.investigators
  const node = (name: string) => {
    const one = nodes.get(name)
    if (one === undefined) throw new Error(`the fleet has no '${name}'`)
    return one
  }
  const fleet: LabFleet = {
    desk,
    node,
    async ask(words, { from = first } = {}) {
      const { said, out } = await desk.mig('-y', '--wait', '1s', '--state', node(from).state, ...words)
      const id = /action ([a-z2-7]{52})/.exec(`${said}\n${out}`)?.[1]
      if (id === undefined) throw new Error(`no action was sent: ${said} ${out}`)
      return id
    },
    account: (id, on = first) => fleet.withService(on, (service) => service.accounting(id)),
    async answered(id, names, { on = first, withinMs = 60_000 } = {}) {
      const wanted = [...names].sort().join(' ')
      let got = ''
      try {
        return await until(
          `answers of ${wanted}`,
          async () => {
            const account = await fleet.account(id, on)
            got = account.answered
              .map((line) => line.name)
              .sort()
              .join(' ')
            return got === wanted
          },
          withinMs,
        )
      } catch (cause) {
        const account = JSON.stringify(await fleet.account(id, on))
        throw new Error(`expected answers of ${wanted}, got ${got}: ${account}`, { cause })
      }
    },
    async withService(name, use) {
      const control = await connectControl(node(name).state)
      if (control === undefined) throw new Error(`${name} does not run`)
      try {
        return await use(control.service)
      } finally {
        control.close()
      }
    },
    acceptances: (id) =>
      Object.fromEntries(
        Object.keys(plan.agents).map((name) => [
          name,
          node(name)
            .log()
            .split('\n')
            .filter((line) => line.includes('"event":"accepted"') && line.includes(id)).length,
        ]),
      ),
    async stop() {
      await Promise.all([...nodes.values()].map((one) => one.stop()))
      for (const program of programs) rmSync(program)
      // For whoever looks for a cause.
      const kept = process.env.MIG_NET_LOGS
      for (const one of kept === undefined ? [] : nodes.values())
        writeFileSync(join(kept ?? '', `${one.name}.log`), one.log())
      desk.remove()
    },
  }
  for (const name of plan.investigators)
    await until(
      `${name} knows everybody`,
      async () =>
        (await fleet.withService(name, (service) => service.agents())).length ===
        Object.keys(plan.agents).length,
      knownWithinMs,
    )
  return fleet
}

function aNode(
  host: Host,
  name: string,
  state: string,
  words: readonly string[],
  ready: RegExp,
  program = builtMig(),
): LabNode {
  const lives: Running[] = []
  return {
    name,
    state,
    host,
    async start() {
      const life = host.spawn([process.execPath, program, ...words])
      lives.push(life)
      await life.says(ready, { withinMs: 60_000 })
    },
    async stop(signal = 'SIGTERM') {
      const life = lives.at(-1)
      life?.kill(signal)
      await life?.ended
    },
    freeze: () => signalAll(lives.at(-1), 'SIGSTOP'),
    thaw: () => signalAll(lives.at(-1), 'SIGCONT'),
    log: () => lives.map((life) => `${life.stdout()}\n${life.stderr()}`).join('\n'),
  }
}

/** An agent has a second process, and maybe one for its modules. */
function signalAll(life: Running | undefined, signal: NodeJS.Signals): void {
  if (life === undefined) return
  const all = [life.pid, ...childrenOf(life.pid)]
  for (const pid of all) process.kill(pid, signal)
}

/** A root directory that an agent looks at. */
export function aMachine(desk: Desk, name: string): string {
  const root = desk.path('machines', name)
  mkdirSync(join(root, 'etc'), { recursive: true })
  writeFileSync(join(root, 'etc', 'os-release'), 'PRETTY_NAME="Debian 12"\n')
  writeFileSync(join(root, 'etc', 'hostname'), `${name}\n`)
  return root
}
