import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { createHost } from '../../../modules/host/create-host.ts'
import { netstatModule } from '../../../modules/netstat/index.ts'
import { runModule } from '../../../modules/run-module.ts'
import { contextOf } from '../contract.ts'

test.runIf(process.platform === 'linux')(
  'finds a real listener, a real connection and a real UDP socket',
  async () => {
    const server = createServer().listen(0, '127.0.0.1')
    const udp = createSocket('udp4').bind(0, '127.0.0.1')
    await Promise.all([once(server, 'listening'), once(udp, 'listening')])
    const { port } = server.address() as AddressInfo
    const udpPort = udp.address().port
    const client = connect(port, '127.0.0.1')
    await Promise.all([once(client, 'connect'), once(server, 'connection')])

    const parameters = {
      connectedip: ['127.0.0.1', '203.0.113.77'],
      listeningport: [String(port), String(udpPort)],
      localip: ['127.0.0.0/8'],
    }
    const { result } = await runModule(netstatModule, parameters, contextOf(createHost({ root: '/' })))
    const clientPort = client.localPort
    client.destroy()
    server.close()
    udp.close()

    expect(result).toMatchObject({ success: true, foundanything: true, errors: null })
    const elements = result.elements as Record<string, Record<string, unknown>>
    expect(elements.connectedip?.['127.0.0.1']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ localport: clientPort, remoteaddr: '127.0.0.1', remoteport: port }),
        expect.objectContaining({ localport: port, remoteaddr: '127.0.0.1', remoteport: clientPort }),
      ]),
    )
    expect(elements.connectedip?.['203.0.113.77']).toBeNull()
    expect(elements.listeningport).toEqual({
      [port]: [{ localaddr: '127.0.0.1', localport: port, namespace: 'default' }],
      [udpPort]: [{ localaddr: '127.0.0.1', localport: udpPort, namespace: 'default' }],
    })
    expect(elements.localip?.['127.0.0.0/8']).toContainEqual({ localaddr: '127.0.0.1', namespace: 'default' })
  },
)
