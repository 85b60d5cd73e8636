import { compileRegex } from '../../node/core/regex.ts'
import { type Address, type AddressRange, isInRange, parseAddressRange } from './address.ts'

/** The queries of one check that match a thing, as they were written. */
export type Asked<T> = (thing: T) => readonly string[]

/** Addresses and blocks. Single addresses are looked up, so that an IOC list of thousands costs no more than one.
 *  The texts have been validated. */
export function askAddresses(texts: readonly string[]): Asked<Address> {
  const single = new Map<string, string[]>()
  const blocks: { text: string; range: AddressRange }[] = []
  for (const text of new Set(texts)) {
    const range = parseAddressRange(text)
    if (range === undefined) continue
    if (range.hostBits > 0n) blocks.push({ text, range })
    else addTo(single, `${range.family} ${range.prefix}`, text)
  }
  return (address) => [
    ...(single.get(`${address.family} ${address.value}`) ?? []),
    ...blocks.filter(({ range }) => isInRange(address, range)).map(({ text }) => text),
  ]
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
