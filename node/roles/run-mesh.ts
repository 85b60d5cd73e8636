import type { Readable, Writable } from 'node:stream'
import { modules } from '../../modules/registry.ts'
import type { Clock, Random } from '../core/clock.ts'
import { connectGate } from '../gate/gate-link.ts'
import { openLevelStore } from '../store/level-store.ts'
import { startAgent } from './agent.ts'
import { type NodeState, needFile, readBootstrap } from './enrol.ts'
import { type InvestigatorNode, startInvestigator } from './investigator.ts'
import type { MemberOptions, MemberPorts } from './member.ts'
import { startRelay } from './relay.ts'

export interface NetworkSetup {
  readonly state: NodeState
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  /** Beside those of the invitation and those remembered. */
  readonly bootstrap: readonly string[]
}

type Ports = { readonly clock: Clock; readonly random: Random; readonly log: MemberPorts['log'] }

async function open(setup: NetworkSetup, ports: Ports) {
  const { mesh, certificate, certificateWire } = setup.state
  const options: MemberOptions = {
    certificate,
    certificateWire,
    invitationWire: await needFile(mesh, 'invitation'),
    peerKeySeed: await needFile(mesh, 'peer.key'),
    listen: setup.listen,
    announce: setup.announce,
    bootstrap: [...new Set([...setup.bootstrap, ...(await readBootstrap(mesh))])],
    transport: 'tcp',
  }
  const store = await openLevelStore(mesh.storeDirectory)
  const knownModules = new Set(modules.map((module) => module.name))
  return { options, store, ports: { ...ports, store, knownModules } }
}

/** The mesh process of an agent, with its gate behind two pipes. */
export async function runMeshProcess(
  setup: NetworkSetup,
  line: { readonly input: Readable; readonly output: Writable; readonly onEnd: () => void },
  ports: Ports,
): Promise<{ readonly addresses: () => readonly string[]; stop(): Promise<void> }> {
  const opened = await open(setup, ports)
  const gate = connectGate(line.input, line.output, line.onEnd)
  const node = await startAgent(opened.options, { ...opened.ports, gate })
  return {
    addresses: () => node.mesh.addresses(),
    async stop() {
      await node.stop()
      await opened.store.close()
    },
  }
}

export async function runRelay(
  setup: NetworkSetup,
  ports: Ports,
): Promise<{ readonly addresses: () => readonly string[]; stop(): Promise<void> }> {
  const opened = await open(setup, ports)
  const node = await startRelay(opened.options, opened.ports)
  return {
    addresses: () => node.mesh.addresses(),
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
