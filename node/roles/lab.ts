import { createHost } from '../../modules/host/create-host.ts'
import { modules } from '../../modules/registry.ts'
import { canonicalBytes } from '../core/canonical-json.ts'
import type { Role, Tags } from '../core/certificate.ts'
import type { Clock, Instant, Random } from '../core/clock.ts'
import { base64Encode, base64UrlEncode } from '../core/encoding.ts'
import { documentId, encodeEnvelope, type PayloadType, preAuthEncoding } from '../core/envelope.ts'
import { formatInstant, plusSeconds } from '../core/instant.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { PolicyBody, RootBody } from '../core/policy.ts'
import type { Probe } from '../core/probe.ts'
import { readEnvironment } from '../gate/environment.ts'
import type { Gate } from '../gate/gate.ts'
import { createInProcessRunner } from '../gate/in-process-runner.ts'
import { createLocalGate } from '../gate/local-gate.ts'
import type { OutsideMemory, OutsideRecord } from '../gate/rollback-guard.ts'
import type { Runner } from '../gate/runner.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { makeInvitationBody, signCertificate } from '../verification/membership.ts'
import {
  ed25519PublicKey,
  type GateKeys,
  gateKeysOf,
  generateSeed,
  nodeKeysOf,
} from '../verification/node-keys.ts'
import type { Signer } from '../verification/signer.ts'
import { type AgentNode, startAgent } from './agent.ts'
import type { CollectorNode } from './collector.ts'
import { readCertificate } from './enrol.ts'
import { type InvestigatorNode, startInvestigator } from './investigator.ts'
import { meteredRunner, meteredStore } from './lab-metering.ts'
import type { MemberOptions, MemberPorts } from './member.ts'
import { startRelay } from './relay.ts'

/** A whole fleet in one process: real signatures, gates, modules and protocol over an in-memory transport. For tests and benchmarks. */
export interface Lab {
  readonly fleet: string
  readonly rootWire: Uint8Array
  readonly policyWire: Uint8Array
  startRelay(name: string, options?: LabNode): Promise<CollectorNode & LabAddress>
  startInvestigator(name: string, options?: LabNode): Promise<InvestigatorNode & LabAddress>
  startAgent(name: string, options: LabNode & { readonly root: string }): Promise<LabAgent>
  /** Signs anything as the fleet's people do. */
  sign(type: PayloadType, body: Uint8Array, signers: readonly Signer[]): Promise<Uint8Array>
  stop(): Promise<void>
}

export interface LabNode {
  readonly tags?: Tags
  /** Default: one in-memory address. Empty: dials out only. */
  readonly listen?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly transport?: 'memory' | 'tcp'
  /** Default: relays do, over TCP; others as the policy has it. */
  readonly relay?: boolean
  /** Default: a fresh in-memory store. */
  readonly store?: Store
  readonly gateStore?: Store
  /** What the gate keeps outside its store; forgotten with the node when absent. */
  readonly outside?: OutsideMemory
  /** Default: the real modules, in this process. */
  readonly runner?: Runner
  /** Default: libp2p. */
  readonly createMesh?: MemberPorts['createMesh']
  /** Default: the lab's. */
  readonly clock?: Clock
  /** Starts again as a node that this lab has made before: same keys, same certificate. */
  readonly like?: PeerId
}

export interface LabAddress {
  readonly addresses: readonly string[]
}

export type LabAgent = AgentNode & LabAddress & { readonly gate: Gate }

export interface LabPerson {
  readonly name: string
  readonly signer: Signer
  readonly weight: number
}

type Log = MemberPorts['log']

export async function createLab(
  options: {
    readonly people: readonly LabPerson[]
    readonly acl?: (people: readonly LabPerson[]) => PolicyBody['acl']
    readonly policy?: Partial<PolicyBody>
    /** Names of two nodes between which there is no link now. Asked whenever one is about to be made. */
    readonly isCut?: (a: string, b: string) => boolean
  },
  ports: {
    readonly clock: Clock
    readonly random: Random
    /** Answers are sealed from `random` too: for runs that are to be repeated byte by byte. */
    readonly isRepeatable?: boolean
    readonly log?: (node: string, event: string, details?: Record<string, unknown>) => void
    /** Of each node, where something is to be measured. */
    readonly probe?: (role: Role, name: string) => Probe
  },
): Promise<Lab> {
  const { clock, random } = ports
  const now = plusSeconds((Math.floor(clock.now() / 1000) * 1000) as Instant, -60)
  const people = await Promise.all(
    options.people.map(async ({ name, signer }) => ({
      name,
      keys: [
        { fingerprint: signer.fingerprint, certificate: base64Encode(await signer.publicCertificate()) },
      ],
    })),
  )
  const first = options.people[0]
  if (first === undefined) throw new RangeError('a fleet needs somebody')

  async function sign(type: PayloadType, body: Uint8Array, signers: readonly Signer[]): Promise<Uint8Array> {
    const signatures = await Promise.all(signers.map((signer) => signer.sign(preAuthEncoding(type, body))))
    return encodeEnvelope({ type, body, signatures })
  }

  const root: RootBody = {
    v: 1,
    name: 'lab',
    version: 1,
    issuedat: formatInstant(now),
    nonce: base64UrlEncode(random.bytes(16)),
    threshold: 1,
    people,
  }
  const rootBody = canonicalBytes(root)
  const fleet = documentId({ type: 'mig.root.v1', body: rootBody })
  const rootWire = await sign('mig.root.v1', rootBody, [first.signer])
  const policy: PolicyBody = {
    v: 1,
    fleet,
    version: 1,
    issuedat: formatInstant(now),
    people,
    acl: (options.acl ?? defaultAcl)(options.people),
    limits: {},
    enrollers: [{ person: first.name, roles: ['agent', 'relay', 'investigator'] }],
    stop: [],
    revoked: { people: [], peers: [], invitations: [] },
    ...options.policy,
  }
  const policyWire = await sign('mig.policy.v1', canonicalBytes(policy), [first.signer])
  const invitations = new Map<string, { wire: Uint8Array; seed: Uint8Array; id: string }>()
  const running: { stop(): Promise<void> }[] = []
  const enrolled = new Map<PeerId, { readonly member: MemberOptions; readonly gate: GateKeys }>()
  let count = 0

  async function invitationFor(role: Role, tags: Tags) {
    const key = `${role} ${JSON.stringify(tags)}`
    const held = invitations.get(key)
    if (held !== undefined) return held
    const seed = generateSeed(random)
    const body = makeInvitationBody({
      fleet,
      role,
      tags,
      maxuses: 10_000,
      issuedat: now,
      expires: plusSeconds(now, 86_400),
      invitekey: ed25519PublicKey(seed),
    })
    const wire = await sign('mig.invite.v1', body, [first?.signer as Signer])
    const made = { wire, seed, id: documentId({ type: 'mig.invite.v1', body }) }
    invitations.set(key, made)
    return made
  }

  async function enrol(role: Role, name: string, node: LabNode) {
    const before = node.like === undefined ? undefined : enrolled.get(node.like)
    const log: Log = (event, details) => ports.log?.(name, event, details)
    const probe = ports.probe?.(role, name)
    const knownModules = new Set(modules.map((module) => module.name))
    const memberPorts: MemberPorts = {
      store: meteredStore(node.store ?? createMemoryStore(), probe),
      clock: node.clock ?? clock,
      random,
      knownModules,
      log,
      ...(probe === undefined ? {} : { probe }),
      ...(node.createMesh === undefined ? {} : { createMesh: node.createMesh }),
    }
    if (before !== undefined) return { ...before, memberPorts, log }
    const tags = node.tags ?? {}
    const invitation = await invitationFor(role, tags)
    const peer = nodeKeysOf(generateSeed(random))
    const gate = gateKeysOf(role === 'agent' ? generateSeed(random) : peer.peerSeed, generateSeed(random))
    const certificateWire = signCertificate(
      {
        v: 1,
        fleet,
        role,
        name,
        peerid: peer.peerId,
        answerkey: base64UrlEncode(gate.answerKey),
        sealingkey: base64UrlEncode(gate.sealingKey),
        tags,
        serial: 1,
        notbefore: formatInstant(now),
        notafter: formatInstant(plusSeconds(now, 86_400)),
        invite: invitation.id,
      },
      invitation.seed,
      peer.peerSeed,
    )
    count++
    const transport = node.transport ?? 'memory'
    const own = transport === 'memory' ? `/memory/lab-${fleet.slice(0, 8)}-${count}` : '/ip4/127.0.0.1/tcp/0'
    const member: MemberOptions = {
      certificate: readCertificate(certificateWire),
      certificateWire,
      invitationWire: invitation.wire,
      peerKeySeed: peer.peerSeed,
      listen: node.listen ?? [own],
      announce: [],
      bootstrap: node.bootstrap ?? [],
      transport,
      isCut: (other) => options.isCut?.(name, enrolled.get(other)?.member.certificate.name ?? '') ?? false,
      relay: node.relay ?? (role === 'relay' ? true : undefined),
    }
    enrolled.set(peer.peerId, { member, gate })
    return { member, memberPorts, gate, log }
  }

  /** The first nodes have nobody to fetch the fleet's rules from. */
  async function seed(node: CollectorNode): Promise<void> {
    await node.door.enter({ kind: 'root', bytes: rootWire }, { via: 'local' })
    await node.door.enter({ kind: 'policy', bytes: policyWire }, { via: 'local' })
  }

  function keep<T extends CollectorNode>(node: T): T & LabAddress {
    running.push(node)
    return { ...node, addresses: node.mesh.addresses() }
  }

  return {
    fleet,
    rootWire,
    policyWire,
    sign,
    async startRelay(name, node = {}) {
      const { member, memberPorts } = await enrol('relay', name, node)
      const started = await startRelay(member, memberPorts)
      await seed(started)
      return keep(started)
    },
    async startInvestigator(name, node = {}) {
      const { member, memberPorts } = await enrol('investigator', name, node)
      const started = await startInvestigator(member, memberPorts)
      await seed(started)
      return keep(started)
    },
    async startAgent(name, node) {
      const { member, memberPorts, gate: keys, log } = await enrol('agent', name, node)
      const host = createHost({ root: node.root })
      let outside: OutsideRecord | undefined
      const gate = await createLocalGate(
        {
          certificate: member.certificate,
          certificateWire: member.certificateWire,
          answerSeed: keys.answerSeed,
          version: 'lab',
          mode: 'daemon',
          unborn: true,
          storeLost: false,
        },
        {
          store: meteredStore(node.gateStore ?? createMemoryStore(), memberPorts.probe),
          outside: node.outside ?? {
            read: async () => outside,
            write: async (record) => {
              outside = record
            },
          },
          clock: memberPorts.clock,
          ...(ports.isRepeatable === true ? { random } : {}),
          runner: meteredRunner(
            node.runner ?? createInProcessRunner(modules, { host, clock: memberPorts.clock }),
            memberPorts.probe,
          ),
          environment: () =>
            readEnvironment(host, {
              arch: process.arch,
              addresses: [],
              modules: modules.map((module) => module.name),
            }),
          processId: ports.isRepeatable === true ? 1 : process.pid,
          checkSpace: async () => undefined,
          log,
          ...(memberPorts.probe === undefined ? {} : { probe: memberPorts.probe }),
        },
      )
      const started = await startAgent(member, { ...memberPorts, gate })
      return { ...keep(started), gate, waiting: started.waiting }
    },
    async stop() {
      await Promise.allSettled(running.map((node) => node.stop()))
    },
  }
}

function defaultAcl(people: readonly LabPerson[]): PolicyBody['acl'] {
  return {
    default: {
      minimumweight: 1,
      investigators: Object.fromEntries(
        people.map(({ name, signer, weight }) => [name, { fingerprint: signer.fingerprint, weight }]),
      ),
    },
  }
}
