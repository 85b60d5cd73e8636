import { type Message, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import { gossipVerdictLimitMs, gossipVerdictSlowMs, maxRatedPublishers } from '../core/limits.ts'
import { parsePeerId } from '../core/peer-id.ts'
import type { Log, MeshHandlers } from './mesh.ts'
import { TokenBuckets } from './token-buckets.ts'
import { type Topic, topicBounds } from './topics.ts'

/** The mesh's own part of protocol 4.1, cheapest first, before the floors above judge: size, publisher, rate.
 *  gossipsub has verified the publisher's signature already. */
export function gossipValidator(
  topic: Topic,
  ports: { handlers: Pick<MeshHandlers, 'message'>; clock: Clock; log: Log },
): (message: Message) => Promise<TopicValidatorResult> {
  const { handlers, clock, log } = ports
  const bounds = topicBounds[topic]
  const rates = new TokenBuckets({ ...bounds, maxNames: maxRatedPublishers }, () => clock.monotonicMs())

  return async (message) => {
    if (message.type !== 'signed' || message.data.length > bounds.maxBytes) return TopicValidatorResult.Reject
    const publisher = parsePeerId(message.from.toString())
    if (publisher === undefined) return TopicValidatorResult.Reject
    if (!rates.take(publisher)) {
      log('gossip-over-rate', { topic, publisher })
      return TopicValidatorResult.Ignore
    }
    const startedMs = clock.monotonicMs()
    let callOff = () => {}
    const limit = new Promise<'ignore'>((resolve) => {
      callOff = clock.after(gossipVerdictLimitMs, () => resolve('ignore'))
    })
    try {
      // A copy: the bytes are a view into everything that came with them.
      const verdict = await Promise.race([
        handlers.message(topic, publisher, new Uint8Array(message.data)),
        limit,
      ])
      return results[verdict]
    } catch (error) {
      log('gossip-handler-failed', { topic, publisher, error: messageOf(error) })
      return TopicValidatorResult.Ignore
    } finally {
      callOff()
      const tookMs = clock.monotonicMs() - startedMs
      if (tookMs > gossipVerdictSlowMs)
        log('gossip-verdict-slow', { topic, publisher, tookMs: Math.round(tookMs) })
    }
  }
}

const results = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const
