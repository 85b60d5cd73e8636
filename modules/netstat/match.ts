import type { Finding } from '../module.ts'
import { formatAddress, isUnspecified } from './address.ts'
import type { NetstatElement } from './element.ts'
import type { NetstatCheck, NetstatParameters } from './options.ts'
import { isListening } from './parse-proc-net.ts'
import { askAddresses, askMacs, askPorts } from './queries.ts'
import type { Sight } from './sight.ts'

/** Makes the judge of one run: which queries does a row answer, and with what? A row may answer several. */
export function createMatcher(parameters: NetstatParameters): (sight: Sight) => Finding<NetstatElement>[] {
  const localmac = askMacs(parameters.localmac ?? [])
  const neighbormac = askMacs(parameters.neighbormac ?? [])
  const neighborip = askAddresses(parameters.neighborip ?? [])
  const localip = askAddresses(parameters.localip ?? [])
  const connectedip = askAddresses(parameters.connectedip ?? [])
  const listeningport = askPorts(parameters.listeningport ?? [])
  return (sight) => {
    switch (sight.kind) {
      case 'interface':
        return findings('localmac', localmac(sight.mac), { localmacaddr: sight.mac, namespace: 'default' })
      case 'neighbor': {
        const { address, mac, namespace } = sight
        const element = { remotemacaddr: mac, remoteaddr: formatAddress(address), namespace }
        return [
          ...findings('neighbormac', neighbormac(mac), element),
          ...findings('neighborip', neighborip(address), element),
        ]
      }
      case 'address': {
        const element = { localaddr: formatAddress(sight.address), namespace: sight.namespace }
        return findings('localip', localip(sight.address), element)
      }
      case 'socket': {
        const { socket, namespace } = sight
        const local = { localaddr: formatAddress(socket.localAddress), localport: socket.localPort }
        const remote = { remoteaddr: formatAddress(socket.remoteAddress), remoteport: socket.remotePort }
        const hasPeer = socket.remotePort !== 0 || !isUnspecified(socket.remoteAddress)
        return [
          ...findings('connectedip', hasPeer ? connectedip(socket.remoteAddress) : [], {
            ...local,
            ...remote,
            namespace,
          }),
          ...findings('listeningport', isListening(socket) ? listeningport(socket.localPort) : [], {
            ...local,
            namespace,
          }),
        ]
      }
      case 'unseen':
        return []
    }
  }
}

function findings(
  check: NetstatCheck,
  queries: readonly string[],
  element: NetstatElement,
): Finding<NetstatElement>[] {
  return queries.map((query) => ({ kind: 'finding', found: true, group: [check, query], element }))
}
