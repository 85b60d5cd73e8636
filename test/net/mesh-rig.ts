import '../../node/core/first.ts'
import type { Role } from '../../node/core/certificate.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { startNode } from '../mesh/mesh-kit.ts'

// A node of the mesh alone, in a process of its own: the mesh as it is, with the test kit's credentials, which everybody
// believes. What happens to it is said on stdout, one JSON object a line.
//   mesh-rig ROLE SEED [listen=MULTIADDR] [bootstrap=MULTIADDR]… [dial=MULTIADDR]… [publish]
const [role, seed = '', ...settings] = process.argv.slice(2)
const say = (event: string, details: object = {}) =>
  process.stdout.write(`${JSON.stringify({ event, atMs: Math.round(performance.now()), ...details })}\n`)
const all = (name: string) =>
  settings.filter((one) => one.startsWith(`${name}=`)).map((one) => one.slice(name.length + 1))
const listen = all('listen')
const node = await startNode(role as Role, {
  peerKeySeed: Buffer.alloc(32, seed),
  listen,
  announce: role === 'relay' ? listen : [],
  bootstrap: all('bootstrap'),
  relay: role === 'relay',
  message: async (_topic, publisher, bytes) => {
    say('received', { from: publisher, text: new TextDecoder().decode(bytes) })
    return 'accept'
  },
})
say('ready', { peer: node.peer })

let told = 0
let shown = ''
setInterval(() => {
  for (const { event, details } of node.log.slice(told)) say(event, details)
  told = node.log.length
  const addresses = node.mesh.addresses()
  if (addresses.join() !== shown) say('addresses', { addresses })
  shown = addresses.join()
}, 10)
if (settings.includes('publish')) {
  let count = 0
  setInterval(
    () => void node.mesh.publish('policy', new TextEncoder().encode(`${node.peer} ${++count}`)),
    1000,
  )
}
for (const address of all('dial')) {
  // The relay may not have its link, or the other side its reservation, yet.
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      await node.mesh.dial([address], { signal: AbortSignal.timeout(5000) })
      break
    } catch (error) {
      say('dial-error', { error: String(error) })
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}
setInterval(() => {
  const members = node.mesh
    .members()
    .map(({ peer, relayed, address }) => ({ peer: peer as PeerId, relayed, address }))
  say('members', { members })
}, 1000)
