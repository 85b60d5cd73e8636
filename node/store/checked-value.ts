import { crc32 } from 'node:zlib'
import { MigError } from '../core/error.ts'

/** LevelDB does not check its blocks when it reads them, so every value on the disk carries the CRC-32 of its key and
 *  itself in front: four bytes, most significant first. */
const checksumBytes = 4

export function sealValue(key: string, value: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(checksumBytes + value.length)
  sealed.set(value, checksumBytes)
  new DataView(sealed.buffer).setUint32(0, checksumOf(key, value))
  return sealed
}

/** @throws MigError `store-damaged` when the bytes are not what was written under this key */
export function openValue(key: string, sealed: Uint8Array): Uint8Array {
  // A view, and no Buffer, whose methods differ.
  if (isWhole(key, sealed))
    return new Uint8Array(sealed.buffer, sealed.byteOffset + checksumBytes, sealed.length - checksumBytes)
  throw new MigError('store-damaged', `the record ${JSON.stringify(key)} is not what was written`, {
    hint: 'check the disk, then restart: a damaged store is copied aside and repaired at the start',
  })
}

/** Are these the bytes that were written under this key? */
export function isWhole(key: string, sealed: Uint8Array): boolean {
  if (sealed.length < checksumBytes) return false
  const checksum = new DataView(sealed.buffer, sealed.byteOffset, checksumBytes).getUint32(0)
  return checksum === checksumOf(key, sealed.subarray(checksumBytes))
}

function checksumOf(key: string, value: Uint8Array): number {
  return crc32(value, crc32(key))
}
