import type { PeerId } from '../../core/peer-id.ts'
import type { Endpoint } from './endpoint.ts'
import type { OwnView } from './punch-rules.ts'

/** A member that both sides reach, and where this side reaches it. */
export interface Relay {
  readonly peer: PeerId
  readonly at: Endpoint
}

/** A connection to the relay from the local port that will punch, kept open so that NATs keep what they gave it. */
export interface Probe extends OwnView {
  readonly localPort: number
  close(): void
}

/** Who speaks first on the new connection: both sides have dialled, and Noise and yamux need one of each. */
export type Side = 'initiator' | 'responder'

/** The port for sockets: all that a punch does to the network. */
export interface PunchSockets {
  /** Connects to the relay from a fresh local port and asks where that is seen; `for` may ask the same. */
  probe(relay: Relay, forPeer: PeerId, signal: AbortSignal): Promise<Probe>
  /** Asks the relay where it sees the port that a peer punches from. */
  whereIs(relay: Relay, peer: PeerId, signal: AbortSignal): Promise<Endpoint | undefined>
  /** Connects from a port that already talks to the relay, and waits until the peer is admitted over the connection. */
  punch(
    target: { readonly peer: PeerId; readonly at: Endpoint; readonly localPort: number; readonly side: Side },
    signal: AbortSignal,
  ): Promise<void>
  /** Dials where a peer listens, and waits until it is admitted over the connection. */
  dial(target: { readonly peer: PeerId; readonly at: Endpoint }, signal: AbortSignal): Promise<void>
}
