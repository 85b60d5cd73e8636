import fc from 'fast-check'
import { expect, test } from 'vitest'
import { peerIdOf } from '../../../node/core/peer-id.ts'
import { LanCodec } from '../../../node/mesh/discovery/mdns-message.ts'

const peer = peerIdOf(new Uint8Array(32).fill(5))
const fleet = 'a'.repeat(52)
const codec = new LanCodec(fleet)

test('is multicast DNS as RFC 6762 has it: a question for TXT, and an answer', () => {
  const question = Buffer.from(codec.question()).toString('latin1')
  // One question, a name of four labels, TXT, IN.
  expect(question).toMatch(/^\0\0\0\0\0\x01\0\0\0\0\0\0 [0-9a-f]{32}\x04_mig\x04_udp\x05local\0\0\x10\0\x01$/)
  const answer = Buffer.from(codec.answer(peer, 7373)).toString('latin1')
  expect(answer.slice(2, 4)).toBe('\x84\x00')
  expect(answer).toContain(`\x37id=${peer}\x09port=7373`)
})

test('says nothing but a hash of the fleet, a peer and a port', () => {
  const answer = Buffer.from(codec.answer(peer, 7373)).toString('latin1')
  expect(answer).not.toContain(fleet.slice(0, 8))
  expect(answer).toHaveLength(12 + 33 + 5 + 5 + 6 + 1 + 4 + 4 + 2 + 56 + 10)
})

test('reads what it writes', () => {
  expect(codec.read(codec.question())).toEqual({ kind: 'question' })
  for (const port of [443, 1024, 7373, 65_535])
    expect(codec.read(codec.answer(peer, port))).toEqual({ kind: 'answer', peer, port })
})

test('does not read another fleet, a port of somebody’s mail server, or a peer that is none', () => {
  const other = new LanCodec('b'.repeat(52))
  expect(codec.read(other.question())).toBeUndefined()
  expect(codec.read(other.answer(peer, 7373))).toBeUndefined()
  for (const port of [1, 22, 25, 80, 1023, 65_536, 99_999])
    expect(codec.read(codec.answer(peer, port))).toBeUndefined()
  const text = Buffer.from(codec.answer(peer, 7373)).toString('latin1')
  const forged = Buffer.from(text.replace(peer, peer.replace(/.$/, '0')), 'latin1')
  expect(codec.read(forged)).toBeUndefined()
})

test('reads nothing that differs in one bit, is cut short or goes on', () => {
  const answer = codec.answer(peer, 7373)
  fc.assert(
    fc.property(fc.nat(answer.length - 1), fc.integer({ min: 0, max: 7 }), (at, bit) => {
      const changed = Uint8Array.from(answer)
      changed[at] = (changed[at] as number) ^ (1 << bit)
      const read = codec.read(changed)
      // Another digit of the port is another port, and another letter of an id may be another id: both are whole messages.
      if (read !== undefined) expect(Buffer.compare(codec.answer(...idAndPort(read)), changed)).toBe(0)
    }),
    { numRuns: 2000 },
  )
  expect(codec.read(answer.subarray(0, -1))).toBeUndefined()
  expect(codec.read(Buffer.concat([answer, Buffer.from('x')]))).toBeUndefined()
})

test('survives whatever else is said on the group', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1500 }), (bytes) => {
      expect(codec.read(bytes)).toBeUndefined()
    }),
  )
})

function idAndPort(read: NonNullable<ReturnType<LanCodec['read']>>): [typeof peer, number] {
  if (read.kind !== 'answer') throw new Error('a question')
  return [read.peer, read.port]
}
