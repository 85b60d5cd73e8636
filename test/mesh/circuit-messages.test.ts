import fc from 'fast-check'
import { expect, test } from 'vitest'
import { peerIdOf } from '../../node/core/peer-id.ts'
import {
  decodeHopRequest,
  decodeHopStatus,
  decodeStopStatus,
  encodeHopStatus,
  encodeReserve,
  encodeStopConnect,
  statusCodes,
} from '../../node/mesh/circuit-messages.ts'

const peer = peerIdOf(new Uint8Array(32).fill(7))

/** As go-libp2p writes it: HopMessage { type CONNECT, peer { id, addrs } }. */
function hopConnect(id: Uint8Array): Uint8Array {
  const inner = [0x0a, id.length, ...id]
  return Uint8Array.from([0x08, 0x01, 0x12, inner.length, ...inner])
}

test('a reservation with its addresses comes back as it was written, also after 2038', () => {
  const addresses = [Uint8Array.of(4, 127, 0, 0, 1, 6, 0, 80), new Uint8Array(100)]
  const wire = encodeHopStatus('ok', { expires: 2 ** 33 + 1, addresses })
  expect(decodeHopStatus(wire)).toEqual({ status: 'ok', addresses })
  for (const status of Object.keys(statusCodes) as (keyof typeof statusCodes)[])
    expect(decodeHopStatus(encodeHopStatus(status))).toEqual({ status, addresses: [] })
})

test('requests are read by their type, and a circuit only to an Ed25519 peer', () => {
  expect(decodeHopRequest(encodeReserve())).toEqual({ kind: 'reserve' })
  const stop = Uint8Array.from(encodeStopConnect(peer))
  stop[1] = 1
  expect(decodeHopRequest(stop)).toEqual({ kind: 'connect', peer })
  expect(decodeHopRequest(hopConnect(new Uint8Array(34)))).toBeUndefined()
  expect(decodeHopRequest(Uint8Array.of(0x08, 0x02))).toBeUndefined()
  expect(decodeHopRequest(new Uint8Array(0))).toBeUndefined()
})

test('an unknown status is unknown, and a message of another type is none', () => {
  expect(decodeHopStatus(Uint8Array.of(0x08, 2, 0x28, 99))?.status).toBe('unknown')
  expect(decodeHopStatus(encodeReserve())).toBeUndefined()
  expect(decodeStopStatus(Uint8Array.of(0x08, 1, 0x20, 100))).toBe('ok')
  expect(decodeStopStatus(Uint8Array.of(0x08, 0, 0x20, 100))).toBeUndefined()
})

test('no bytes make a reader throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      decodeHopRequest(bytes)
      decodeHopStatus(bytes)
      decodeStopStatus(bytes)
    }),
    { numRuns: 2000 },
  )
  expect(decodeHopStatus(new Uint8Array(5000))).toBeUndefined()
})
