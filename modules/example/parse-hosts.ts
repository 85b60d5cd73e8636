import { formatAddress, parseAddress } from '../netstat/address.ts'

export interface HostsEntry {
  readonly address: string
  /** Lower case. */
  readonly names: readonly string[]
}

/** One line of /etc/hosts; undefined for comments, blanks and rubbish. */
export function parseHostsLine(line: string): HostsEntry | undefined {
  const [ip = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/)
  const address = parseAddress(ip)
  if (address === undefined || names.length === 0) return undefined
  return { address: formatAddress(address), names: names.map((name) => name.toLowerCase()) }
}
