import type { GossipSubComponents } from '@chainsafe/libp2p-gossipsub'
import {
  type Metrics,
  type MultiaddrConnection,
  type Stream,
  type StreamHandler,
  StreamMessageEvent,
} from '@libp2p/interface'
import type { Phase, Probe } from '../core/probe.ts'

/** libp2p's metrics as a probe wants them: the bytes of every connection and of every protocol, and where work begins that the
 *  network sets going. libp2p's own counters count nothing here. */
export function meterLibp2p(probe: Probe): Metrics {
  const timer = () => () => {}
  const uncounted = { increment: () => {}, decrement: () => {}, reset: () => {}, update: () => {}, timer }
  const observed = { observe: () => {}, reset: () => {}, timer }
  return {
    trackMultiaddrConnection(connection) {
      meter(connection, 'transport', (direction, bytes) => probe.wire(direction, bytes))
    },
    trackProtocolStream(stream) {
      const { protocol } = stream
      meter(stream, undefined, (direction, bytes) => probe.payload(protocol, direction, bytes))
    },
    registerMetric: () => uncounted,
    registerMetricGroup: () => uncounted,
    registerCounter: () => uncounted,
    registerCounterGroup: () => uncounted,
    registerHistogram: () => observed,
    registerHistogramGroup: () => observed,
    registerSummary: () => observed,
    registerSummaryGroup: () => observed,
    traceFunction: <F>(_name: string, work: F) => work,
    createTrace: () => undefined,
  }

  function meter(
    stream: MultiaddrConnection | Stream,
    arrival: Phase | undefined,
    count: (direction: 'in' | 'out', bytes: number) => void,
  ): void {
    const send = stream.send.bind(stream)
    stream.send = (data) => {
      count('out', data.byteLength)
      return probe.measure('transport', () => send(data))
    }
    // Not by a listener of our own: as long as nobody listens, libp2p keeps what comes for whoever will.
    const dispatch = stream.dispatchEvent.bind(stream)
    stream.dispatchEvent = (event: Event) => {
      if (event instanceof StreamMessageEvent) count('in', event.data.byteLength)
      return arrival === undefined ? dispatch(event) : probe.measure(arrival, () => dispatch(event))
    }
  }
}

/** What gossipsub's streams bring is gossip's work, not that of the connection below. */
export function meterGossip(components: GossipSubComponents, probe: Probe): GossipSubComponents {
  const { registrar } = components
  const measured: Pick<GossipSubComponents['registrar'], 'handle'> = {
    handle: (protocol, handler, options) => {
      const measuredHandler: StreamHandler = (stream, connection) =>
        probe.measure('gossip', () => handler(stream, connection))
      return registrar.handle(protocol, measuredHandler, options)
    },
  }
  const { privateKey, peerId, peerStore, connectionManager, logger } = components
  // Behind libp2p's registrar stands a class: its methods are found by its prototype.
  return {
    privateKey,
    peerId,
    peerStore,
    connectionManager,
    logger,
    registrar: Object.assign(Object.create(registrar) as typeof registrar, measured),
  }
}
