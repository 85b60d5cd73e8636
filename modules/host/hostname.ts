import { hostname } from 'node:os'
import { type Host, HostError } from './host.ts'

const maxHostnameBytes = 4096

/** The name of the machine; of an image or fixture, the name in its /etc/hostname where it has one. */
export function hostnameOf(host: Host): string {
  if (host.root === '/') return hostname()
  try {
    const [name] = Buffer.from(host.readFile('/etc/hostname', maxHostnameBytes)).toString('utf8').split('\n')
    return name?.trim() || hostname()
  } catch (error) {
    if (error instanceof HostError) return hostname()
    throw error
  }
}
