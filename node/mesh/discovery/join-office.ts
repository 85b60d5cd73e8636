import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock, Random } from '../../core/clock.ts'
import type { PeerId } from '../../core/peer-id.ts'
import type { Admission } from '../admission.ts'
import type { Log, MeshOptions } from '../mesh.ts'
import { LanDiscovery, type OpenLan } from './lan-discovery.ts'
import { multicastLan } from './multicast.ts'
import { isInOffice, officePort, officesOf } from './office.ts'

/** Begins to find members in the office where the options want it.
 *  @param ports `lan` stands in for real multicast */
export function joinOffice(
  options: Pick<MeshOptions, 'mdns' | 'transport' | 'fleet' | 'listen' | 'minLinks'> & {
    readonly ownPeer: PeerId
  },
  ports: {
    readonly listening: () => readonly Multiaddr[]
    readonly admission: Pick<Admission, 'memberCount'>
    readonly clock: Clock
    readonly random: Random
    readonly log: Log
    readonly found: () => void
    readonly lan?: OpenLan
  },
): LanDiscovery | undefined {
  if (options.mdns !== true || options.transport !== 'tcp') return undefined
  const { listening, admission, clock, random, log, found } = ports
  const isImagined = ports.lan !== undefined
  if (!isImagined && options.listen.length > 0 && !isInOffice(options.listen, [])) {
    log('mdns-off', { reason: 'this node listens on its own machine only' })
    return undefined
  }
  const discovery = new LanDiscovery(
    {
      fleet: options.fleet,
      ownPeer: options.ownPeer,
      port: () => officePort(listening(), isImagined),
    },
    {
      ...{ clock, random, log, found },
      open: ports.lan ?? multicastLan(() => officesOf(options.listen), log),
      wants: () => admission.memberCount() < Math.max(1, options.minLinks),
    },
  )
  void discovery.start()
  return discovery
}
