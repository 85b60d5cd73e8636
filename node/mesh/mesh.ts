import type { Role } from '../core/certificate.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Outward } from './outward.ts'
import type { ChosenRelays, Reach } from './reach.ts'
import type { ServedStream, Topic } from './topics.ts'

/** The port for the network: members, gossip and streams. Bytes in, bytes out; it knows no store and no PGP. */
export interface Mesh {
  readonly peerId: PeerId
  /** Multiaddrs with `/p2p/<id>` under which others may reach this node, through relays too; empty when nobody can. */
  addresses(): readonly string[]
  /** How this node can be reached, and whom it helps to be. */
  reach(): Reach
  /** Admitted members that are connected now. */
  members(): readonly Member[]
  /** Publishes and says to how many neighbours it went. 0 is *not sent* (protocol 6.4), never an error; it is also the
   *  answer above this node's own rate, where others would ignore the message.
   *  @throws MigError `too-large` above the topic's bound */
  publish(topic: Topic, bytes: Uint8Array): Promise<number>
  /** Opens a stream to a connected or known member. The opener writes first: a stream that the other side finishes
   *  before it has got a byte cannot be told from one that never opened (libp2p 3.3.11).
   *  @throws MigError `not-reachable` */
  open(peer: PeerId, stream: ServedStream, options: { readonly signal: AbortSignal }): Promise<FrameStream>
  /** Dials addresses (each ends in `/p2p/<id>`) until one yields an admitted member.
   *  @throws MigError `not-reachable` with the reason of each address */
  dial(addresses: readonly string[], options: { readonly signal: AbortSignal }): Promise<PeerId>
  /** Closes every connection to a peer and refuses it until its credentials are judged anew. */
  expel(peer: PeerId, reason: string): Promise<void>
  /** Stops, closing every connection. May be called twice. */
  stop(): Promise<void>
}

export type Log = (event: string, details?: Record<string, unknown>) => void

export interface Member {
  readonly peer: PeerId
  readonly role: Role
  /** Since the epoch. */
  readonly connectedAtMs: number
  /** The address it is connected through. */
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  /** Through a relay's circuit, and through whose, where its address says so. */
  readonly relayed: boolean
  readonly relay?: PeerId
}

/** A stream of length-limited frames to one admitted member. */
export interface FrameStream {
  /** The next frame; undefined when the other side has finished.
   *  @throws MigError `too-large`, `timeout`, `not-reachable` */
  read(options: { readonly signal: AbortSignal; readonly maxBytes: number }): Promise<Uint8Array | undefined>
  write(frame: Uint8Array, options: { readonly signal: AbortSignal }): Promise<void>
  /** Says that nothing more will be written. */
  close(): Promise<void>
  abort(reason: string): void
}

/** What the mesh asks the floors above. */
export interface MeshHandlers {
  /** What this node shows of itself on the enrol stream: its certificate and what is needed to judge it. */
  readonly credentials: () => Promise<Uint8Array>
  /** Judges what a peer showed. The mesh lets a refused peer do nothing. */
  readonly judge: (peer: PeerId, credentials: Uint8Array) => Promise<Verdict>
  /** Judges a gossip message: `reject` costs the forwarder its score, `ignore` does not. `publisher` signed it. */
  readonly message: (
    topic: Topic,
    publisher: PeerId,
    bytes: Uint8Array,
  ) => Promise<'accept' | 'ignore' | 'reject'>
  /** Serves one inbound stream. The mesh closes it when the promise settles. */
  readonly stream: (name: ServedStream, peer: PeerId, stream: FrameStream) => Promise<void>
  /** A member has been admitted and gossip with it is on (or did not come on within 2 s). */
  readonly joined: (member: Member) => void
  /** The last connection of a member that had joined is gone. Told once for each `joined`, not after `stop`. */
  readonly left: (peer: PeerId) => void
  /** `Mesh.addresses` may say something else than before: others should hear of it. */
  readonly moved: () => void
  /** Whom to dial when links are missing: remembered peers and whoever sync has told of. */
  readonly acquaintances: () => readonly {
    readonly peer: PeerId
    readonly addresses: readonly string[]
    /** It is known to relay: dialled where a relay is missing. */
    readonly relays?: boolean
  }[]
  /** Whom to dial first beside the options' `bootstrap`: the policy names them, and changes while the node runs. */
  readonly bootstrap: () => readonly string[]
  /** Whom the policy of the moment has chosen to relay. Absent: nobody. Asked every second. */
  readonly relays?: () => ChosenRelays
}

export type Verdict =
  | { readonly kind: 'admitted'; readonly role: Role }
  | { readonly kind: 'refused'; readonly reason: string }

export interface MeshOptions extends Outward {
  readonly fleet: string
  /** The 32-byte seed of the peer key (Ed25519). */
  readonly peerKeySeed: Uint8Array
  readonly role: Role
  /** Multiaddrs; empty = dial out only. */
  readonly listen: readonly string[]
  /** What to tell others instead of the listening addresses. */
  readonly announce: readonly string[]
  readonly bootstrap: readonly string[]
  /** Topics this node subscribes to (protocol 6). */
  readonly subscribe: readonly Topic[]
  readonly transport: 'tcp' | 'memory'
  /** Find members in the office by multicast DNS, and be found. On loopback alone nothing is ever sent. */
  readonly mdns?: boolean | undefined
  /** Peers that no way leads to: for fleets in one process, whose network a test splits and heals. */
  readonly isCut?: (peer: PeerId) => boolean
  /** Carries circuits for other members, over TCP. Undefined: while the policy has chosen this node and others can dial it. */
  readonly relay: boolean | undefined
  /** Links below which acquaintances are dialled. */
  readonly minLinks: number
  /** How long an unjudged connection may live; `enrolLimitMs` of limits.ts when absent. */
  readonly enrolLimitMs?: number
}
