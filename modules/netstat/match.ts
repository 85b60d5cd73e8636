import type { Finding } from '../module.ts'
import { formatAddress, isUnspecified } from './address.ts'
import type { NetstatElement } from './element.ts'
import type { NetstatCheck, NetstatParameters } from './options.ts'
import { isListening, type Socket } from './parse-proc-net.ts'
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
        return findings('localmac', localmac(sight.mac), () => ({
          localmacaddr: sight.mac,
          namespace: 'default',
        }))
      case 'neighbor': {
        const { address, mac, namespace } = sight
        const seen = () => ({ remotemacaddr: mac, remoteaddr: formatAddress(address), namespace })
        return [
          ...findings('neighbormac', neighbormac(mac), seen),
          ...findings('neighborip', neighborip(address), seen),
        ]
      }
      case 'address': {
        const { address, namespace } = sight
        return findings('localip', localip(address), () => ({ localaddr: formatAddress(address), namespace }))
      }
      case 'socket': {
        const { socket, namespace } = sight
        const hasPeer = socket.remotePort !== 0 || !isUnspecified(socket.remoteAddress)
        const connected = hasPeer ? connectedip(socket.remoteAddress) : []
        const listening = isListening(socket) ? listeningport(socket.localPort) : []
        return [
          ...findings('connectedip', connected, () => ({
            ...localEnd(socket),
            ...remoteEnd(socket),
            namespace,
          })),
          ...findings('listeningport', listening, () => ({ ...localEnd(socket), namespace })),
        ]
      }
      case 'unseen':
        return []
    }
  }
}

/** @param seen is called for hits only: most rows are none, and printing addresses is what costs */
function findings(
  check: NetstatCheck,
  queries: readonly string[],
  seen: () => NetstatElement,
): Finding<NetstatElement>[] {
  return queries.map((query) => ({ kind: 'finding', found: true, group: [check, query], element: seen() }))
}

function localEnd({ localAddress, localPort }: Socket): NetstatElement {
  return { localaddr: formatAddress(localAddress), localport: localPort }
}

function remoteEnd({ remoteAddress, remotePort }: Socket): NetstatElement {
  return { remoteaddr: formatAddress(remoteAddress), remoteport: remotePort }
}
