import { hexEncode } from '../core/encoding.ts'

/** What must hold of one detached signature before the OpenPGP library sees it (RFC 9580 5.2). */
export interface SignatureHeader {
  /** 0x00 for a signature over a binary document. */
  readonly type: number
  readonly hash: number
  /** Upper-case hex of the issuing primary key *or subkey*, from the hashed part only. */
  readonly issuer: string
}

const signatureTag = 2
const issuerFingerprintSubpacket = 33
const fingerprintLengths: Readonly<Record<number, number>> = { 4: 20, 6: 32 }

/** Reads the header of exactly one signature packet that fills all of `bytes`.
 *  @returns the header, or one sentence on what is wrong */
export function readSignatureHeader(bytes: Uint8Array): SignatureHeader | string {
  const start = packetBody(bytes)
  if (typeof start === 'string') return start
  const body = bytes.subarray(start)
  const [version, type, , hash] = body
  if (version !== 4 && version !== 6) return `signature version ${version ?? 'missing'} is not supported`
  if (type === undefined || hash === undefined) return 'signature packet is cut short'
  const lengthBytes = version === 4 ? 2 : 4
  const length = bigEndian(body, 4, lengthBytes)
  const from = 4 + lengthBytes
  if (length === undefined || from + length > body.length) return 'signature packet is cut short'
  const issuer = issuerFingerprint(body.subarray(from, from + length))
  if (issuer === undefined) return 'signature names no issuer fingerprint in its signed part'
  return { type, hash, issuer }
}

/** Where the body of the one packet begins; partial and indeterminate lengths have no place in a signature. */
function packetBody(bytes: Uint8Array): number | string {
  const [tag, first] = bytes
  if (tag === undefined || first === undefined || (tag & 0x80) === 0) return 'not an OpenPGP packet'
  const isNewFormat = (tag & 0x40) !== 0
  if ((isNewFormat ? tag & 0x3f : (tag >> 2) & 0x0f) !== signatureTag) return 'not a signature packet'
  let start: number
  let length: number | undefined
  if (isNewFormat) {
    const field = lengthField(bytes, 1)
    if (field === undefined || (first >= 224 && first < 255)) return 'signature packet has no definite length'
    ;({ start, length } = field)
  } else {
    const size = [1, 2, 4][tag & 0x03]
    if (size === undefined) return 'signature packet has no definite length'
    start = 1 + size
    length = bigEndian(bytes, 1, size)
  }
  if (length === undefined || start + length !== bytes.length) return 'expected exactly one signature packet'
  return start
}

/** The one issuer fingerprint among the hashed subpackets; undefined when there is none, two, or one of an unknown form. */
function issuerFingerprint(subpackets: Uint8Array): string | undefined {
  let found: string | undefined
  for (let at = 0; at < subpackets.length; ) {
    const field = lengthField(subpackets, at)
    if (field === undefined || field.length === 0 || field.start + field.length > subpackets.length)
      return undefined
    const subpacket = subpackets.subarray(field.start, field.start + field.length)
    at = field.start + field.length
    if (((subpacket[0] ?? 0) & 0x7f) !== issuerFingerprintSubpacket) continue
    const keyVersion = subpacket[1] ?? 0
    if (found !== undefined || fingerprintLengths[keyVersion] !== subpacket.length - 2) return undefined
    found = hexEncode(subpacket.subarray(2)).toUpperCase()
  }
  return found
}

/** One-, two- or five-octet lengths (RFC 9580 4.2.1, 5.2.3.7). */
function lengthField(bytes: Uint8Array, at: number): { start: number; length: number } | undefined {
  const first = bytes[at]
  if (first === undefined) return undefined
  if (first < 192) return { start: at + 1, length: first }
  if (first < 255) {
    const second = bytes[at + 1]
    return second === undefined ? undefined : { start: at + 2, length: ((first - 192) << 8) + second + 192 }
  }
  const length = bigEndian(bytes, at + 1, 4)
  return length === undefined ? undefined : { start: at + 5, length }
}

function bigEndian(bytes: Uint8Array, at: number, size: number): number | undefined {
  if (at + size > bytes.length) return undefined
  let value = 0
  for (let i = at; i < at + size; i++) value = value * 256 + (bytes[i] ?? 0)
  return value
}
