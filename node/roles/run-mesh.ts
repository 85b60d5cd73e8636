import type { Readable, Writable } from 'node:stream'
import { modules } from '../../modules/registry.ts'
import type { Clock, Random } from '../core/clock.ts'
import { connectGate } from '../gate/gate-link.ts'
import { isInOffice } from '../mesh/discovery/office.ts'
import type { Outward } from '../mesh/outward.ts'
import { openLevelStore } from '../store/level-store.ts'
import { startAgent } from './agent.ts'
import { type CheckinReport, checkIn } from './checkin.ts'
import { type NodeState, needFile, readBootstrap } from './enrol.ts'
import { type InvestigatorNode, startInvestigator } from './investigator.ts'
import type { MemberOptions, MemberPorts } from './member.ts'
import { type NetworkView, networkView } from './network-view.ts'
import { createPacedGate } from './paced-gate.ts'
import { startRelay } from './relay.ts'

export interface NetworkSetup extends Outward {
  readonly state: NodeState
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  /** Beside those of the invitation and those remembered. */
  readonly bootstrap: readonly string[]
  /** Carries circuits for other members. Undefined: as the policy has it. */
  readonly relay: boolean | undefined
  /** Find members by multicast DNS; when absent, where the node is in an office. */
  readonly mdns?: boolean | undefined
}

type Ports = { readonly clock: Clock; readonly random: Random; readonly log: MemberPorts['log'] }

async function open(setup: NetworkSetup, ports: Ports) {
  const { mesh, certificate, certificateWire } = setup.state
  const bootstrap = [...new Set([...setup.bootstrap, ...(await readBootstrap(mesh))])]
  const options: MemberOptions = {
    certificate,
    certificateWire,
    invitationWire: await needFile(mesh, 'invitation'),
    peerKeySeed: await needFile(mesh, 'peer.key'),
    listen: setup.listen,
    announce: setup.announce,
    bootstrap,
    transport: 'tcp',
    relay: setup.relay,
    mdns: setup.mdns ?? isInOffice(setup.listen, bootstrap),
    proxy: setup.proxy,
    tls: setup.tls,
  }
  const store = await openLevelStore(mesh.storeDirectory)
  const knownModules = new Set(modules.map((module) => module.name))
  return { options, store, ports: { ...ports, store, knownModules } }
}

/** A node as its process needs it. */
export interface RunningNode {
  readonly addresses: () => readonly string[]
  readonly network: () => NetworkView
  stop(): Promise<void>
}

/** The mesh process of an agent, with its gate behind two pipes. */
export async function runMeshProcess(
  setup: NetworkSetup,
  line: { readonly input: Readable; readonly output: Writable; readonly onEnd: () => void },
  ports: Ports,
): Promise<RunningNode> {
  const opened = await open(setup, ports)
  const gate = connectGate(line.input, line.output, line.onEnd)
  const node = await startAgent(opened.options, { ...opened.ports, gate })
  return {
    addresses: () => node.mesh.addresses(),
    network: () => networkView(node),
    async stop() {
      await node.stop()
      await opened.store.close()
    },
  }
}

/** The mesh process of an agent that checks in: the same, for one visit.
 *  @param maxMs see `checkIn` */
export async function runCheckinMesh(
  setup: NetworkSetup,
  line: { readonly input: Readable; readonly output: Writable; readonly onEnd: () => void },
  maxMs: number,
  ports: Ports & { readonly signal: AbortSignal },
): Promise<CheckinReport> {
  const opened = await open(setup, ports)
  // When the visit is over, it is this process that hangs up.
  let isOver = false
  const onEnd = () => isOver || line.onEnd()
  const gate = createPacedGate(connectGate(line.input, line.output, onEnd), ports.clock)
  const node = await startAgent(opened.options, { ...opened.ports, gate })
  const report = await checkIn(node, gate, maxMs, ports)
  isOver = true
  await node.stop()
  await opened.store.close()
  return report
}

export async function runRelay(setup: NetworkSetup, ports: Ports): Promise<RunningNode> {
  const opened = await open(setup, ports)
  const node = await startRelay(opened.options, opened.ports)
  return {
    addresses: () => node.mesh.addresses(),
    network: () => networkView(node),
    async stop() {
      await node.stop()
      await opened.store.close()
    },
  }
}

export async function runInvestigator(setup: NetworkSetup, ports: Ports): Promise<InvestigatorNode> {
  const opened = await open(setup, ports)
  const node = await startInvestigator(opened.options, opened.ports)
  return {
    ...node,
    async stop() {
      await node.stop()
      await opened.store.close()
    },
  }
}
