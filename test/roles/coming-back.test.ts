import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { canonicalBytes, parseCanonical } from '../../node/core/canonical-json.ts'
import { decodeEnvelope, documentId } from '../../node/core/envelope.ts'
import { maxPolicyBytes } from '../../node/core/limits.ts'
import type { PolicyBody } from '../../node/core/policy.ts'
import type { CollectorNode } from '../../node/roles/collector.ts'
import { createLab, type Lab, type LabAgent, type LabPerson } from '../../node/roles/lab.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Store } from '../../node/store/store.ts'
import { systemClock, systemRandom } from '../../node/system/system-clock.ts'
import { until } from '../mesh/mesh-kit.ts'
import { somePeople } from './people.ts'

const root = mkdtempSync(join(tmpdir(), 'mig-coming-back-'))
let people: readonly LabPerson[]
let lab: Lab

beforeAll(async () => {
  mkdirSync(join(root, 'etc'))
  writeFileSync(join(root, 'etc', 'os-release'), 'PRETTY_NAME="Debian 12"\n')
  people = await somePeople('alice')
})
afterAll(() => rmSync(root, { recursive: true, force: true }))
beforeEach(async () => {
  lab = await createLab({ people }, { clock: systemClock, random: systemRandom })
})
afterEach(() => lab.stop())

const keptOpen = (store: Store): Store => ({ ...store, close: async () => undefined })
const isLinked = (node: { mesh: CollectorNode['mesh'] }, other: { mesh: CollectorNode['mesh'] }) =>
  node.mesh.members().some(({ peer }) => peer === other.mesh.peerId)

/** The next policy, taken by one node and handed on from there. */
async function publish(node: CollectorNode, change: Partial<PolicyBody>): Promise<void> {
  const held = decodeEnvelope(lab.policyWire)
  const parsed = typeof held === 'string' ? undefined : parseCanonical(held.body, maxPolicyBytes)
  if (typeof held === 'string' || parsed?.kind !== 'ok') throw new Error('the lab has no policy')
  const next = { ...(parsed.value as object), version: 2, previous: documentId(held), ...change }
  const signers = people.map(({ signer }) => signer)
  const bytes = await lab.sign('mig.policy.v1', canonicalBytes(next), signers)
  await node.door.enter({ kind: 'policy', bytes }, { via: 'local' })
  await node.publish('policy', { kind: 'policy', bytes })
}

it('dials the members that a new policy names, without a restart', async () => {
  const old = await lab.startRelay('old', { transport: 'tcp' })
  const moved = await lab.startRelay('moved', { transport: 'tcp' })
  const agent = await lab.startAgent('web1', {
    root,
    transport: 'tcp',
    listen: [],
    bootstrap: old.addresses,
  })
  await until('the agent has joined', () => isLinked(agent, old))
  await publish(old, { bootstrap: [...moved.addresses] })
  await until('the agent is linked to the new relay', () => isLinked(agent, moved))
  // The anchor that everybody was enrolled with may go now.
  await old.stop()
  await until('the old relay is gone', () => agent.mesh.members().length === 1)
  expect(isLinked(agent, moved)).toBe(true)
}, 60_000)

it('finds the mesh again by one old acquaintance, when every bootstrap peer is gone and after its own restart', async () => {
  const relay = await lab.startRelay('hub', { transport: 'tcp' })
  const more = { transport: 'tcp', bootstrap: relay.addresses } as const
  const friends: LabAgent[] = []
  for (const name of ['friend1', 'friend2', 'friend3', 'friend4']) {
    friends.push(await lab.startAgent(name, { ...more, root }))
  }
  const laptop = await lab.startInvestigator('laptop', more)
  // Sessions tell of others only what they know by then.
  await until('the relay knows where everybody is', () =>
    [...friends, laptop].every(({ mesh }) => relay.addressBook.addressesOf(mesh.peerId).length > 0),
  )
  const store = createMemoryStore()
  const agent = await lab.startAgent('web1', { ...more, root, listen: [], store: keptOpen(store) })
  const known = () => agent.addressBook.all().map(({ peer }) => peer)
  await until('it has met or heard of everybody', () =>
    [relay, ...friends, laptop].every(({ mesh }) => known().includes(mesh.peerId)),
  )
  await agent.stop()
  // All that it was enrolled with and all collectors are gone; of its acquaintances one lives, and it need not be a link of before.
  const [living, ...dead] = friends.reverse()
  if (living === undefined) throw new Error('nobody')
  await Promise.all([relay, laptop, ...dead].map((node) => node.stop()))

  const again = await lab.startAgent('web1', { ...more, root, listen: [], store, like: agent.mesh.peerId })
  const tookMs = await until('it has found the one that lives', () => isLinked(again, living), 30_000)
  console.log('found the last acquaintance after', Math.round(tookMs), 'ms')
  // And with it whatever comes to the mesh later.
  const later = await lab.startRelay('later', { transport: 'tcp', bootstrap: living.mesh.addresses() })
  await publish(later, {})
  await until('the policy came by it', () => again.ledger.policy?.version === 2)
}, 90_000)
