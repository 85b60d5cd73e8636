import { createHash } from 'node:crypto'
import { concat, equalBytes } from '../core/bytes.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'

const checksumBytes = 8

/** A record that knows when it is damaged: LevelDB's own checks are not exposed, and a flipped bit must not become another state. */
export function encodeRecord(value: object): Uint8Array {
  const body = utf8(JSON.stringify(value))
  return concat([checksum(body), body])
}

/** Undefined when the record is damaged. */
export function decodeRecord(bytes: Uint8Array): unknown {
  const body = bytes.subarray(checksumBytes)
  if (bytes.length <= checksumBytes || !equalBytes(bytes.subarray(0, checksumBytes), checksum(body)))
    return undefined
  const text = utf8Decode(body)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function checksum(body: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(body).digest().subarray(0, checksumBytes))
}
