import { ByteReader, concat, prefixed, uvarint } from '../core/bytes.ts'
import { base58Decode, base58Encode } from '../core/encoding.ts'
import { maxCircuitMessageBytes } from '../core/limits.ts'
import { type PeerId, parsePeerId } from '../core/peer-id.ts'

/** The messages of circuit relay v2 that a relay and whoever asks it exchange: protobuf, as little of it as they need.
 *  @see https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md */

export const hopProtocol = '/libp2p/circuit/relay/0.2.0/hop'
export const stopProtocol = '/libp2p/circuit/relay/0.2.0/stop'

export const statusCodes = {
  ok: 100,
  'reservation-refused': 200,
  'resource-limit-exceeded': 201,
  'permission-denied': 202,
  'connection-failed': 203,
  'no-reservation': 204,
  'malformed-message': 400,
} as const
export type CircuitStatus = keyof typeof statusCodes

export type HopRequest = { readonly kind: 'reserve' } | { readonly kind: 'connect'; readonly peer: PeerId }

/** Reads what a relay is asked; undefined when it cannot be read or is neither. */
export function decodeHopRequest(bytes: Uint8Array): HopRequest | undefined {
  const fields = readFields(bytes)
  const type = fields?.numbers.get(1)
  if (fields === undefined || type === undefined) return undefined
  if (type === 0) return { kind: 'reserve' }
  if (type !== 1) return undefined
  const peer = peerOf(fields.parts.get(2)?.[0])
  return peer === undefined ? undefined : { kind: 'connect', peer }
}

export function encodeReserve(): Uint8Array {
  return number(1, 0)
}

/** What a relay answers.
 *  @param reservation.expires seconds since the epoch, for the record: both sides count by themselves */
export function encodeHopStatus(
  status: CircuitStatus,
  reservation?: { readonly expires: number; readonly addresses: readonly Uint8Array[] },
): Uint8Array {
  const held =
    reservation === undefined
      ? []
      : [
          part(
            3,
            concat([
              number(1, reservation.expires),
              ...reservation.addresses.map((address) => part(2, address)),
            ]),
          ),
        ]
  return concat([number(1, 2), ...held, number(5, statusCodes[status])])
}

/** Reads a relay's answer to a request for a reservation. */
export function decodeHopStatus(
  bytes: Uint8Array,
): { readonly status: CircuitStatus | 'unknown'; readonly addresses: readonly Uint8Array[] } | undefined {
  const fields = readFields(bytes)
  if (fields?.numbers.get(1) !== 2) return undefined
  const held = fields.parts.get(3)?.[0]
  const addresses = held === undefined ? [] : (readFields(held)?.parts.get(2) ?? [])
  return { status: statusOf(fields.numbers.get(5)), addresses }
}

/** What a relay says to the end that is to be reached. */
export function encodeStopConnect(from: PeerId): Uint8Array {
  // A PeerId is base58 by its type.
  return concat([number(1, 0), part(2, part(1, base58Decode(from) as Uint8Array))])
}

/** The answer of that end. */
export function decodeStopStatus(bytes: Uint8Array): CircuitStatus | 'unknown' | undefined {
  const fields = readFields(bytes)
  return fields?.numbers.get(1) === 1 ? statusOf(fields.numbers.get(4)) : undefined
}

function statusOf(code: number | undefined): CircuitStatus | 'unknown' {
  const found = Object.entries(statusCodes).find(([, value]) => value === code)
  return found === undefined ? 'unknown' : (found[0] as CircuitStatus)
}

/** Protobuf Peer { 1 id: multihash, 2 addresses }. */
function peerOf(bytes: Uint8Array | undefined): PeerId | undefined {
  const id = bytes === undefined ? undefined : readFields(bytes)?.parts.get(1)?.[0]
  return id === undefined ? undefined : parsePeerId(base58Encode(id))
}

function number(field: number, value: number): Uint8Array {
  return concat([uvarint(field << 3), varint(value)])
}

/** `core/bytes` stops at 2^31, which seconds since the epoch pass in 2038. */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return Uint8Array.from([...bytes, rest])
}

function readVarint(reader: ByteReader): number | undefined {
  let value = 0
  for (let factor = 1; factor < 2 ** 49; factor *= 0x80) {
    const byte = reader.take(1)?.[0]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return value
  }
  return undefined
}

function part(field: number, bytes: Uint8Array): Uint8Array {
  return concat([uvarint((field << 3) | 2), prefixed(bytes)])
}

/** Fields by their number; of a number the last one counts, parts are kept in order. Undefined for anything but varints
 *  below 2^49 and lengths. */
function readFields(
  bytes: Uint8Array,
): { readonly numbers: Map<number, number>; readonly parts: Map<number, Uint8Array[]> } | undefined {
  if (bytes.length > maxCircuitMessageBytes) return undefined
  const reader = new ByteReader(bytes)
  const numbers = new Map<number, number>()
  const parts = new Map<number, Uint8Array[]>()
  while (!reader.done) {
    const tag = reader.uvarint()
    if (tag === undefined) return undefined
    if ((tag & 7) === 0) {
      const value = readVarint(reader)
      if (value === undefined) return undefined
      numbers.set(tag >>> 3, value)
    } else if ((tag & 7) === 2) {
      const value = reader.prefixed(maxCircuitMessageBytes)
      if (value === undefined) return undefined
      parts.set(tag >>> 3, [...(parts.get(tag >>> 3) ?? []), value])
    } else return undefined
  }
  return { numbers, parts }
}
