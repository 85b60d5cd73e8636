import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { canonicalBytes } from '../../node/core/canonical-json.ts'
import { decodeEnvelope, documentId } from '../../node/core/envelope.ts'
import { formatInstant } from '../../node/core/instant.ts'
import type { PolicyBody } from '../../node/core/policy.ts'
import { createLab, type Lab, type LabAgent, type LabPerson } from '../../node/roles/lab.ts'
import { networkView } from '../../node/roles/network-view.ts'
import { systemClock, systemRandom } from '../../node/system/system-clock.ts'
import { until } from '../mesh/mesh-kit.ts'
import { somePeople } from './people.ts'

const scratch = mkdtempSync(join(tmpdir(), 'mig-chosen-'))
let people: readonly LabPerson[]
let lab: Lab

beforeAll(async () => {
  people = await somePeople('alice')
  lab = await createLab({ people }, { clock: systemClock, random: systemRandom })
}, 30_000)
afterAll(async () => {
  await lab.stop()
  rmSync(scratch, { recursive: true, force: true })
})

/** The next policy after a version, signed. */
async function nextPolicy(
  before: Uint8Array,
  change: Partial<PolicyBody>,
): Promise<{ readonly kind: 'policy'; readonly bytes: Uint8Array }> {
  const held = decodeEnvelope(before)
  if (typeof held === 'string') throw new Error('the lab has no policy')
  const { relays: _, ...body } = JSON.parse(Buffer.from(held.body).toString('utf8')) as PolicyBody
  const next: PolicyBody = {
    ...body,
    version: body.version + 1,
    previous: documentId(held),
    issuedat: formatInstant(systemClock.now()),
    ...change,
  }
  const bytes = await lab.sign(
    'mig.policy.v1',
    canonicalBytes(next),
    people.map(({ signer }) => signer),
  )
  return { kind: 'policy', bytes }
}

const reservations = (agent: LabAgent) =>
  networkView(agent)
    .reservations.filter(({ state }) => state === 'held')
    .map(({ relay }) => relay)

test('a signed policy makes a member the relay of its office, and takes that away again', async () => {
  const root = join(scratch, 'web')
  mkdirSync(join(root, 'etc'), { recursive: true })
  writeFileSync(join(root, 'etc/os-release'), 'PRETTY_NAME="Debian 12"\n')
  const anchor = await lab.startInvestigator('anchor', { transport: 'tcp' })
  const net = { transport: 'tcp', root, bootstrap: anchor.addresses } as const
  const web = await lab.startAgent('web1', { ...net, tags: { site: 'paris' } })
  const hidden = { ...net, listen: [] as string[] }
  const office = await lab.startAgent('desk1', { ...hidden, tags: { site: 'paris', floor: '2' } })
  const elsewhere = await lab.startAgent('desk2', { ...hidden, tags: { site: 'berlin' } })
  await until('all are linked', () => anchor.mesh.members().length === 3)
  expect(networkView(web).relaying).toBeUndefined()

  const relays = [{ peer: web.mesh.peerId, tags: { site: 'paris' } }]
  const chosen = await nextPolicy(lab.policyWire, { relays })
  await anchor.door.enter(chosen, { via: 'local' })
  await anchor.publish('policy', chosen)
  // It is not linked to it: it hears of its address in a session and goes there.
  await until('the office has reserved there', () => reservations(office).includes('web1'), 30_000)
  expect(networkView(web)).toMatchObject({
    isChosen: true,
    relaying: { reservations: 1, reserved: [{ name: 'desk1' }] },
  })
  expect(office.mesh.addresses()[0]).toContain(`${web.mesh.peerId}/p2p-circuit`)
  // Linked to it or not, the other office has nothing there.
  expect(reservations(elsewhere)).toEqual([])

  const dropped = await nextPolicy(chosen.bytes, {})
  await anchor.door.enter(dropped, { via: 'local' })
  await anchor.publish('policy', dropped)
  await until('it relays no more', () => networkView(web).relaying === undefined)
  await until('nothing is reserved', () => reservations(office).length === 0)
  expect(networkView(web).isChosen).toBeUndefined()
}, 60_000)
