import { compileRegex } from '../../node/core/regex.ts'
import { type Address, parseAddressRange } from './address.ts'

/** The queries of one check that match a thing, as they were written. */
export type Asked<T> = (thing: T) => readonly string[]

interface BlockSize {
  readonly family: 4 | 6
  readonly hostBits: bigint
  readonly textsByPrefix: Map<bigint, string[]>
}

/** Addresses and blocks, looked up by prefix: an IOC list of thousands costs no more than the sizes of block in it.
 *  The texts have been validated. */
export function askAddresses(texts: readonly string[]): Asked<Address> {
  const sizes = new Map<string, BlockSize>()
  for (const text of new Set(texts)) {
    const range = parseAddressRange(text)
    if (range === undefined) continue
    const { family, hostBits, prefix } = range
    const size = sizes.get(`${family}/${hostBits}`) ?? { family, hostBits, textsByPrefix: new Map() }
    sizes.set(`${family}/${hostBits}`, size)
    addTo(size.textsByPrefix, prefix, text)
  }
  const all = [...sizes.values()]
  return ({ family, value }) =>
    all.flatMap((size) =>
      size.family === family ? (size.textsByPrefix.get(value >> size.hostBits) ?? []) : [],
    )
}

export function askPorts(texts: readonly string[]): Asked<number> {
  const ports = new Map<number, string[]>()
  for (const text of new Set(texts)) addTo(ports, Number(text), text)
  return (port) => ports.get(port) ?? []
}

/** Patterns over hardware addresses, whose letters have no case. */
export function askMacs(texts: readonly string[]): Asked<string> {
  const patterns = [...new Set(texts)].map((text) => compileRegex(text, { ignoreCase: true }))
  return (mac) => patterns.filter((pattern) => pattern.test(mac)).map((pattern) => pattern.source)
}

function addTo<K>(map: Map<K, string[]>, key: K, text: string): void {
  const texts = map.get(key)
  if (texts === undefined) map.set(key, [text])
  else texts.push(text)
}
