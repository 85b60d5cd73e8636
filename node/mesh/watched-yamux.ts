import type { MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'
import type { Clock } from '../core/clock.ts'
import { linkQuietInboundMs, linkQuietOutboundMs, pongLimitMs } from '../core/limits.ts'

type Muxer = ReturnType<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>

/** yamux whose links are watched. One that has been quiet is pinged by a frame of yamux's own, by whoever dialled it; one on which
 *  nothing comes then is broken off. libp2p's connection monitor opens and negotiates a stream for every ping, from both ends, and
 *  yamux's keep-alive pings from both ends beside it and breaks nothing off: together they were most of an idle node's work.
 *  @see https://github.com/hashicorp/yamux/blob/master/spec.md, "Ping" */
export function watchedYamux(
  init: Omit<YamuxMuxerInit, 'enableKeepAlive'>,
  clock: Clock,
): () => StreamMuxerFactory {
  return () => {
    const factory = yamux({ ...init, enableKeepAlive: false })()
    const create = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (link: MessageStream) => {
      const muxer = create(link)
      watch(muxer, link, clock)
      return muxer
    }
    return factory
  }
}

function watch(muxer: Muxer, link: MessageStream, clock: Clock): void {
  const quietMs = link.direction === 'outbound' ? linkQuietOutboundMs : linkQuietInboundMs
  let heardMs = clock.monotonicMs()
  let pingedMs: number | undefined
  let callOff: () => void

  const dueMs = () => (pingedMs === undefined ? heardMs + quietMs : Math.max(pingedMs, heardMs) + pongLimitMs)
  function look(): void {
    const nowMs = clock.monotonicMs()
    if (nowMs >= dueMs()) {
      if (pingedMs !== undefined) {
        link.abort(new Error('the other side has fallen silent'))
        return
      }
      ping(nowMs)
    }
    callOff = clock.after(Math.max(1, dueMs() - nowMs), look)
  }
  function ping(nowMs: number): void {
    pingedMs = nowMs
    const settled = () => {
      pingedMs = undefined
    }
    // Without a time limit of its own: yamux breaks the link off when a pong comes that nobody waits for any more.
    muxer.ping().then(settled, settled)
  }

  // Whatever comes shows that the link holds, the pong or anything else: on a slow line the pong stands behind other bytes.
  link.addEventListener('message', () => {
    heardMs = clock.monotonicMs()
  })
  link.addEventListener('close', () => callOff(), { once: true })
  callOff = clock.after(quietMs, look)
}
