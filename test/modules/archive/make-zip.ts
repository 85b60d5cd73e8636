import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipPart {
  readonly name: string | Buffer
  readonly content?: string | Buffer
  readonly isStored?: boolean
  /** Numbers that differ from the truth, by the field of the central header. */
  readonly lies?: {
    readonly size?: number
    readonly packed?: number
    readonly crc?: number
    readonly flags?: number
    readonly method?: number
    readonly offset?: number
  }
  readonly comment?: Buffer
  /** Unix mode with its type bits. */
  readonly mode?: number
}

/** A zip, byte by byte, with whatever is wrong with it. */
export function makeZip(
  parts: readonly ZipPart[],
  { comment = '', prefix = Buffer.alloc(0), isShifted = false, zip64 = false } = {},
): Buffer {
  const locals: Buffer[] = [prefix]
  const centrals: Buffer[] = []
  let at = isShifted ? 0 : prefix.length
  for (const part of parts) {
    const name = Buffer.from(part.name)
    const content = Buffer.from(part.content ?? '')
    const packed = part.isStored === true ? content : deflateRawSync(content)
    const method = part.lies?.method ?? (part.isStored === true ? 0 : 8)
    const flags = part.lies?.flags ?? 0
    const crc = part.lies?.crc ?? crc32(content)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(flags, 6)
    local.writeUInt16LE(method, 8)
    local.writeUInt16LE(name.length, 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central[5] = part.mode === undefined ? 0 : 3
    central.writeUInt16LE(flags, 8)
    central.writeUInt16LE(method, 10)
    central.writeUInt16LE(0x5a21, 14)
    central.writeUInt32LE(crc, 16)
    const size = part.lies?.size ?? content.length
    const packedBytes = part.lies?.packed ?? packed.length
    const offset = part.lies?.offset ?? at
    const extra = zip64 ? zip64Extra(size, packedBytes, offset) : Buffer.alloc(0)
    central.writeUInt32LE(zip64 ? 0xffffffff : packedBytes, 20)
    central.writeUInt32LE(zip64 ? 0xffffffff : size, 24)
    central.writeUInt16LE(name.length, 28)
    central.writeUInt16LE(extra.length, 30)
    central.writeUInt16LE(part.mode ?? 0, 40)
    central.writeUInt32LE(zip64 ? 0xffffffff : offset, 42)
    const note = part.comment ?? Buffer.alloc(0)
    central.writeUInt16LE(note.length, 32)
    locals.push(local, name, packed)
    centrals.push(central, name, extra, note)
    at += 30 + name.length + packed.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(zip64 ? 0xffff : parts.length, 8)
  end.writeUInt16LE(zip64 ? 0xffff : parts.length, 10)
  end.writeUInt32LE(zip64 ? 0xffffffff : directory.length, 12)
  end.writeUInt32LE(zip64 ? 0xffffffff : at, 16)
  end.writeUInt16LE(comment.length, 20)
  const wide = zip64 ? zip64End(parts.length, directory.length, at) : Buffer.alloc(0)
  return Buffer.concat([...locals, directory, wide, end, Buffer.from(comment)])
}

function zip64Extra(size: number, packed: number, offset: number): Buffer {
  const extra = Buffer.alloc(28)
  extra.writeUInt16LE(1, 0)
  extra.writeUInt16LE(24, 2)
  for (const [place, number] of [size, packed, offset].entries()) {
    extra.writeBigUInt64LE(BigInt(number), 4 + 8 * place)
  }
  return extra
}

function zip64End(count: number, sizeBytes: number, offset: number): Buffer {
  const end = Buffer.alloc(76)
  end.writeUInt32LE(0x06064b50, 0)
  end.writeBigUInt64LE(44n, 4)
  end.writeBigUInt64LE(BigInt(count), 24)
  end.writeBigUInt64LE(BigInt(count), 32)
  end.writeBigUInt64LE(BigInt(sizeBytes), 40)
  end.writeBigUInt64LE(BigInt(offset), 48)
  end.writeUInt32LE(0x07064b50, 56)
  end.writeBigUInt64LE(BigInt(offset + sizeBytes), 64)
  end.writeUInt32LE(1, 72)
  return end
}
