/** An IP address. v4-mapped IPv6 (`::ffff:1.2.3.4`) is its IPv4 address, as in Go. */
export interface Address {
  readonly family: 4 | 6
  readonly value: bigint
}

/** A single address or a block of them. */
export interface AddressRange {
  readonly family: 4 | 6
  /** The address without its host bits, shifted right by them. */
  readonly prefix: bigint
  readonly hostBits: bigint
}

const mappedPrefix = 0xffffn << 32n

/** Reads what Go's net.ParseIP reads: no leading zeros, no zone, no blanks. Undefined when it is no address. */
export function parseAddress(text: string): Address | undefined {
  const value4 = parseIpv4(text)
  if (value4 !== undefined) return { family: 4, value: value4 }
  const value6 = parseIpv6(text)
  return value6 === undefined ? undefined : addressOf(6, value6)
}

/** Reads an address or a CIDR as Go's net.ParseCIDR does; host bits are dropped. Undefined when it is neither. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [, head = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const address = parseAddress(head)
  if (address === undefined) return undefined
  const bits = address.family === 4 ? 32 : 128
  if (length === undefined) return rangeOf(address.family, address.value, bits)
  if (address.family === 6 || !head.includes(':')) {
    return Number(length) <= bits ? rangeOf(address.family, address.value, Number(length)) : undefined
  }
  // A block of v4-mapped addresses is one of IPv4; a shorter prefix reaches beyond them and is one of IPv6.
  if (Number(length) > 128) return undefined
  if (Number(length) >= 96) return rangeOf(4, address.value, Number(length) - 96)
  return rangeOf(6, mappedPrefix | address.value, Number(length))
}

/** Is it `0.0.0.0` or `::`: nobody's address? */
export function isUnspecified(address: Address): boolean {
  return address.value === 0n
}

/** Prints as Go and RFC 5952 do: the longest run of two or more zero groups becomes `::`. */
export function formatAddress(address: Address): string {
  if (address.family === 4)
    return [24n, 16n, 8n, 0n].map((shift) => (address.value >> shift) & 255n).join('.')
  const groups = Array.from({ length: 8 }, (_, index) =>
    Number((address.value >> BigInt(112 - 16 * index)) & 0xffffn),
  )
  const hole = longestZeroRun(groups)
  const hex = groups.map((group) => group.toString(16))
  if (hole === undefined) return hex.join(':')
  return `${hex.slice(0, hole.start).join(':')}::${hex.slice(hole.start + hole.length).join(':')}`
}

/** Makes an address of its number, turning v4-mapped ones into IPv4. */
export function addressOf(family: 4 | 6, value: bigint): Address {
  return family === 6 && value >> 32n === 0xffffn
    ? { family: 4, value: value & 0xffffffffn }
    : { family, value }
}

function rangeOf(family: 4 | 6, value: bigint, length: number): AddressRange {
  const hostBits = BigInt((family === 4 ? 32 : 128) - length)
  return { family, prefix: value >> hostBits, hostBits }
}

function parseIpv4(text: string): bigint | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined
  let value = 0n
  for (const part of text.split('.')) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return value
}

function parseIpv6(text: string): bigint | undefined {
  if (text.length > 45) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = halves[1] === undefined ? [] : parseGroups(halves[1], true)
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  // `::` stands for at least one group.
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...new Array<bigint>(missing).fill(0n), ...tail]
  return groups.reduce((value, group) => (value << 16n) | group, 0n)
}

function parseGroups(text: string, mayEndInIpv4: boolean): bigint[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: bigint[] = []
  for (const [index, part] of parts.entries()) {
    const value4 = mayEndInIpv4 && index === parts.length - 1 ? parseIpv4(part) : undefined
    if (value4 !== undefined) groups.push(value4 >> 16n, value4 & 0xffffn)
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`))
    else return undefined
  }
  return groups
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } | undefined {
  let best: { start: number; length: number } | undefined
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length >= 2 && length > (best?.length ?? 0)) best = { start, length }
    if (length > 0) start += length
  }
  return best
}
