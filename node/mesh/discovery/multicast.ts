import { createSocket, type Socket } from 'node:dgram'
import type { Log } from '../mesh.ts'
import type { Lan, OpenLan } from './lan-discovery.ts'
import { isNeighbour, type Office } from './office.ts'

/** Of multicast DNS (RFC 6762): switches pass this group on without being asked. */
const group = '224.0.0.251'
const port = 5353

/** Multicast on real interfaces, over UDP in IPv4.
 *  @param offices the networks of this moment; asked again whenever the node looks */
export function multicastLan(offices: () => readonly Office[], log: Log): OpenLan {
  return async (received) => {
    const senders = new Map<string, Socket>()
    const joined = new Map<string, Office>()
    const listener = await bound('0.0.0.0')
    listener.on('error', (error) => log('mdns-failed', { error: error.message }))
    listener.on('message', (bytes, from) => {
      // RFC 6762, 6 and 11: from the port of mDNS, and not from behind a router.
      if (from.port !== port || ![...joined.values()].some((office) => isNeighbour(from.address, office)))
        return
      received(bytes, from.address)
    })

    async function join(office: Office): Promise<void> {
      const { address } = office
      joined.set(address, office)
      try {
        listener.addMembership(group, address)
        const sender = await bound(address)
        sender.on('error', (error) => log('mdns-failed', { error: error.message }))
        sender.setMulticastInterface(address)
        sender.setMulticastTTL(255)
        if (joined.get(address) === office) senders.set(address, sender)
        else sender.close()
      } catch (error) {
        joined.delete(address)
        log('mdns-failed', { address, error: error instanceof Error ? error.message : String(error) })
      }
    }

    function leave(address: string): void {
      joined.delete(address)
      senders.get(address)?.close()
      senders.delete(address)
      try {
        listener.dropMembership(group, address)
      } catch {
        // The interface is gone, and the membership with it.
      }
    }

    await Promise.all(offices().map(join))
    const lan: Lan = {
      send(bytes) {
        for (const sender of senders.values()) sender.send(bytes, port, group, () => undefined)
      },
      refresh() {
        const now = offices()
        for (const address of joined.keys())
          if (!now.some((office) => office.address === address)) leave(address)
        for (const office of now) if (!joined.has(office.address)) void join(office)
      },
      async close() {
        for (const address of [...joined.keys()]) leave(address)
        await new Promise<void>((resolve) => listener.close(resolve))
      },
    }
    return lan
  }
}

function bound(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // Others on this machine, such as avahi, listen there too.
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    socket.once('error', reject)
    socket.bind({ address, port }, () => {
      socket.off('error', reject)
      socket.unref()
      resolve(socket)
    })
  })
}
