import fc from 'fast-check'
import { expect, it } from 'vitest'
import { maxPunchFrameBytes, maxPunchListen } from '../../node/core/limits.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { type Endpoint, parseEndpoint } from '../../node/mesh/hole-punch/endpoint.ts'
import {
  declineReasons,
  decodeObserve,
  decodePunch,
  encodeObserve,
  encodePunch,
  type ObserveMessage,
  type PunchMessage,
} from '../../node/mesh/hole-punch/punch-message.ts'

const endpoint = fc
  .record({ ip: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.integer({ min: 1, max: 65_535 }) })
  .map(({ ip, port }) => parseEndpoint(ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`) as Endpoint)
const listen = fc.array(endpoint, { maxLength: maxPunchListen })
const v = 1 as const
const punch: fc.Arbitrary<PunchMessage> = fc.oneof(
  listen.map((listen) => ({ v, kind: 'offer' as const, listen })),
  listen.map((listen) => ({ v, kind: 'answer' as const, listen })),
  fc.constantFrom(...declineReasons).map((reason) => ({ v, kind: 'decline' as const, reason })),
  fc.boolean().map((ok) => ({ v, kind: 'dialled' as const, ok })),
  fc
    .constantFrom('dial-me' as const, 'ping' as const, 'pong' as const, 'go' as const)
    .map((kind) => ({ v, kind })),
)
const peer = '12D3KooWMbbPVGsZYh3ChQjue712NHHGNybRRXwnuSpezYjGbCDS' as PeerId
const observe: fc.Arbitrary<ObserveMessage> = fc.oneof(
  fc.constant({ v, kind: 'me' as const, for: peer }),
  fc.constant({ v, kind: 'where' as const, peer }),
  fc.constant({ v, kind: 'seen' as const }),
  endpoint.map((at) => ({ v, kind: 'seen' as const, at })),
)

it('reads back every message, and the longest fits its frame', () => {
  fc.assert(
    fc.property(punch, (message) => {
      const frame = encodePunch(message)
      expect(frame.length).toBeLessThanOrEqual(maxPunchFrameBytes)
      expect(decodePunch(frame)).toEqual(message)
      expect(decodeObserve(frame)).toBeUndefined()
    }),
  )
  fc.assert(
    fc.property(observe, (message) => {
      const frame = encodeObserve(message)
      expect(frame.length).toBeLessThanOrEqual(maxPunchFrameBytes)
      expect(decodeObserve(frame)).toEqual(message)
      expect(decodePunch(frame)).toBeUndefined()
    }),
  )
})

it('reads no other bytes, and never throws', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.json().map((text) => new TextEncoder().encode(text)),
      ),
      (bytes) => {
        expect(decodePunch(bytes)).toBeUndefined()
        expect(decodeObserve(bytes)).toBeUndefined()
      },
    ),
  )
})

it('is strict about versions, names, counts and addresses', () => {
  const refused: readonly object[] = [
    { v: 2, kind: 'ping' },
    { v: 1, kind: 'ping', more: true },
    { v: 1, kind: 'offer' },
    { v: 1, kind: 'offer', listen: ['relay.example.org:4001'] },
    { v: 1, kind: 'offer', listen: [{ ip: '5.5.1.2', port: 4001 }] },
    { v: 1, kind: 'offer', listen: Array.from({ length: maxPunchListen + 1 }, () => '5.5.1.2:4001') },
    { v: 1, kind: 'decline', reason: '\u001b[2J' },
    { v: 1, kind: 'dialled', ok: 'yes' },
  ]
  for (const message of refused)
    expect(decodePunch(new TextEncoder().encode(JSON.stringify(message)))).toBeUndefined()
})
