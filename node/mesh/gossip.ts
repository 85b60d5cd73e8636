import '../core/first.ts'
import {
  type GossipSub,
  type GossipSubComponents,
  gossipsub,
  TopicValidatorResult,
} from '@chainsafe/libp2p-gossipsub'
import type { Connection, PeerId as Libp2pPeerId, Stream } from '@libp2p/interface'
import type { Role } from '../core/certificate.ts'
import type { Clock } from '../core/clock.ts'
import { MigError, messageOf } from '../core/error.ts'
import type { PeerId } from '../core/peer-id.ts'
import { gossipOptions, graylistScore } from './gossip-options.ts'
import { gossipValidator } from './gossip-validator.ts'
import { GuardedRegistrar } from './guarded-registrar.ts'
import type { Log, MeshHandlers } from './mesh.ts'
import { TokenBuckets } from './token-buckets.ts'
import { type Topic, topicBounds, topicName, topics } from './topics.ts'

/** What gossipsub's class has and its exported interface hides (17.1.1). */
interface Router extends GossipSub {
  readonly peers: Map<string, Libp2pPeerId>
  readonly streamsOutbound: Map<string, { readonly rawStream: Stream; close(): Promise<void> }>
  getScore(peer: string): number
  isStarted(): boolean
  createOutboundStream(peer: Libp2pPeerId, connection: Connection): Promise<void>
}

/** gossipsub among admitted members only. */
export class Gossip {
  /** The libp2p service; it comes to life when libp2p makes its services. */
  readonly service: (components: GossipSubComponents) => GossipSub
  /** Called when something about gossip with a peer may have changed. */
  onChange: (peer: PeerId) => void = () => {}

  readonly #options: { readonly fleet: string; readonly role: Role; readonly subscribe: readonly Topic[] }
  readonly #ports: { handlers: Pick<MeshHandlers, 'message'>; clock: Clock; log: Log }
  readonly #ownRates: Readonly<Record<Topic, TokenBuckets>>
  /** Peers whose subscriptions have arrived. */
  readonly #heard = new Set<string>()
  #router: Router | undefined
  #registrar: GuardedRegistrar | undefined

  constructor(
    options: { fleet: string; role: Role; subscribe: readonly Topic[] },
    ports: {
      handlers: Pick<MeshHandlers, 'message'>
      permit: (connection: Connection) => Promise<boolean>
      clock: Clock
      log: Log
    },
  ) {
    this.#options = options
    this.#ports = ports
    // Half of what others allow: what is sent evenly may arrive in a clump.
    const ownRate = (topic: Topic) => {
      const { perMinute, burst } = topicBounds[topic]
      return new TokenBuckets({ perMinute, burst: burst / 2, maxNames: 1 }, () => ports.clock.monotonicMs())
    }
    this.#ownRates = {
      actions: ownRate('actions'),
      policy: ownRate('policy'),
      results: ownRate('results'),
      presence: ownRate('presence'),
    }
    this.service = (components) => {
      const registrar = new GuardedRegistrar(components.registrar, ports.permit)
      const { privateKey, peerId, peerStore, connectionManager, logger } = components
      const router = gossipsub(gossipOptions(options.fleet, options.role))({
        privateKey,
        peerId,
        peerStore,
        connectionManager,
        logger,
        // It implements what gossipsub uses of a registrar.
        registrar: registrar as unknown as GossipSubComponents['registrar'],
      }) as Router
      this.#setValidators(router)
      this.#openStreamsAtOnce(router)
      router.addEventListener('subscription-change', (event) => {
        const peer = event.detail.peerId.toString()
        if (router.peers.has(peer)) this.#heard.add(peer)
        this.onChange(peer as PeerId)
      })
      this.#registrar = registrar
      this.#router = router
      return router
    }
  }

  /** Subscribes; libp2p must have started. */
  subscribe(): void {
    const { fleet, subscribe } = this.#options
    for (const topic of subscribe) this.#router?.subscribe(topicName(fleet, topic))
  }

  /** Turns gossip on with an admitted peer, or repairs it: what is there already stays. */
  connect(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    if (!this.#hasStreamTo(peer)) this.#router?.streamsOutbound.delete(peer)
    this.#registrar?.connect(connection)
  }

  /** Takes what we send over to a better connection of the same peer, which does the same on its side. For one round trip
   *  gossip between the two is off; subscriptions and mesh stay. */
  moveTo(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    const old = this.#router?.streamsOutbound.get(peer)
    this.#router?.streamsOutbound.delete(peer)
    this.connect(connection)
    old?.close().catch((error: unknown) => this.#ports.log('gossip-move', { peer, error: messageOf(error) }))
  }

  disconnect(peer: Libp2pPeerId): void {
    this.#heard.delete(peer.toString())
    this.#registrar?.disconnect(peer)
  }

  /** We can send to the peer. */
  canSend(peer: PeerId): boolean {
    return this.#router?.peers.has(peer) === true && this.#hasStreamTo(peer)
  }

  /** A stream that is reset in the moment in which it opens stays in gossipsub's table (17.1.1), and it would write to it for ever. */
  #hasStreamTo(peer: string): boolean {
    return this.#router?.streamsOutbound.get(peer)?.rawStream.status === 'open'
  }

  /** We can send to the peer and know what it wants. */
  isOn(peer: PeerId): boolean {
    return this.canSend(peer) && this.#heard.has(peer)
  }

  /** It has sent so much rubbish that gossipsub does not listen to it any more. */
  isGraylisted(peer: PeerId): boolean {
    return (this.#router?.getScore(peer) ?? 0) < graylistScore
  }

  async publish(topic: Topic, bytes: Uint8Array): Promise<number> {
    const { maxBytes } = topicBounds[topic]
    if (bytes.length > maxBytes) {
      throw new MigError(
        'too-large',
        `${topic} message of ${bytes.length} bytes, at most ${maxBytes} are allowed`,
      )
    }
    if (this.#router === undefined || !this.#router.isStarted()) return 0
    if (!this.#ownRates[topic].take('own')) {
      this.#ports.log('gossip-own-rate', { topic })
      return 0
    }
    const { recipients } = await this.#router.publish(topicName(this.#options.fleet, topic), bytes)
    return recipients.length
  }

  /** What is sent on a topic that we did not ask for is nobody's business here. */
  #setValidators(router: Router): void {
    const { fleet, subscribe } = this.#options
    for (const topic of topics) {
      const validate = gossipValidator(topic, this.#ports)
      const wanted = subscribe.includes(topic)
      router.topicValidators.set(topicName(fleet, topic), async (_from, message) =>
        wanted ? validate(message) : TopicValidatorResult.Ignore,
      )
    }
  }

  /** gossipsub opens its streams one after another: a single peer that does not answer would keep the next ones from
   *  gossip for 10 s each. One at a time for each peer is enough. */
  #openStreamsAtOnce(router: Router): void {
    const open = router.createOutboundStream.bind(router)
    const opening = new Set<string>()
    router.createOutboundStream = async (peer, connection) => {
      const id = peer.toString()
      if (opening.has(id)) return
      opening.add(id)
      void open(peer, connection).finally(() => {
        opening.delete(id)
        this.onChange(id as PeerId)
      })
    }
  }
}
