export interface TarPart {
  readonly name: string
  readonly prefix?: string
  readonly type?: string
  readonly content?: string | Buffer
  /** Of the header alone, without its content. */
  readonly sizeBytes?: number
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly mtime?: number
}

/** A header of ustar with the size of the content. */
export function tarHeader(part: TarPart): Buffer {
  const header = Buffer.alloc(512)
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  header.write(part.name.slice(0, 100), 0, 'latin1')
  octal(part.mode ?? 0o644, 100, 8)
  octal(part.uid ?? 0, 108, 8)
  octal(part.gid ?? 0, 116, 8)
  octal(part.sizeBytes ?? Buffer.from(part.content ?? '').length, 124, 12)
  octal(part.mtime ?? 0, 136, 12)
  header.write('        ', 148, 'latin1')
  header.write(part.type ?? '0', 156, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  header.write(part.prefix ?? '', 345, 'latin1')
  let sum = 0
  for (const byte of header) sum += byte
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

export function makeTar(parts: readonly TarPart[]): Buffer {
  const blocks = parts.flatMap((part) => {
    const content = Buffer.from(part.content ?? '')
    return [tarHeader(part), content, Buffer.alloc((512 - (content.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

/** `LENGTH key=value\n`, the length counting its own digits. */
export function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`
  let length = rest.length + 1
  while (`${length}`.length + rest.length !== length) length += 1
  return Buffer.from(`${length}${rest}`)
}
