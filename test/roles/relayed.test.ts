import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { base64Decode, base64Encode } from '../../node/core/encoding.ts'
import { createLab, type Lab, type LabPerson } from '../../node/roles/lab.ts'
import { memberViews, networkView } from '../../node/roles/network-view.ts'
import { systemClock, systemRandom } from '../../node/system/system-clock.ts'
import { until } from '../mesh/mesh-kit.ts'
import { somePeople } from './people.ts'
import { filesNamed } from './questions.ts'

const scratch = mkdtempSync(join(tmpdir(), 'mig-relayed-'))
let people: readonly LabPerson[]
let lab: Lab

beforeAll(async () => {
  people = await somePeople('alice')
  lab = await createLab(
    {
      people,
      acl: (everybody) => ({
        default: {
          minimumweight: 1,
          investigators: Object.fromEntries(
            everybody.map(({ name, signer, weight }) => [name, { fingerprint: signer.fingerprint, weight }]),
          ),
        },
      }),
    },
    { clock: systemClock, random: systemRandom },
  )
}, 30_000)
afterAll(async () => {
  await lab.stop()
  rmSync(scratch, { recursive: true, force: true })
})

test('detail pages are fetched through a relay from an agent without an open port', async () => {
  const root = join(scratch, 'web')
  mkdirSync(join(root, 'etc'), { recursive: true })
  writeFileSync(join(root, 'etc/os-release'), 'PRETTY_NAME="Debian 12"\n')
  // Far more than a summary of 4 KiB holds.
  for (let i = 0; i < 400; i++) writeFileSync(join(root, 'etc', `a-rather-long-name-number-${i}.conf`), 'x')

  const hub = await lab.startRelay('hub', { transport: 'tcp' })
  const net = { transport: 'tcp', listen: [], bootstrap: hub.addresses } as const
  const agent = await lab.startAgent('web', { ...net, root })
  const laptop = await lab.startInvestigator('laptop', net)
  await until('a reservation', () => agent.mesh.addresses().length > 0)

  const draft = await laptop.service.draft(filesNamed('\\.conf$'))
  await laptop.service.ready()
  let online = 0
  await until('it is in the roster with its relay', () => {
    void laptop.service.agents().then((rows) => {
      online = rows.filter(({ addresses }) => addresses.some((text) => text.includes('p2p-circuit'))).length
    })
    return online === 1
  })
  const wire = await lab.sign(
    'mig.action.v3',
    base64Decode(draft.body) as Uint8Array,
    people.map(({ signer }) => signer),
  )
  const sent = await laptop.service.send({ wire: base64Encode(wire) })
  let isAnswered = false
  await until('an answer', () => {
    void laptop.service.results(sent.id).then((results) => {
      isAnswered = results.length === 1
    })
    return isAnswered
  })
  const whole = await laptop.service.detail(sent.id, 'web')
  expect(whole.results?.[0]).toMatchObject({ foundanything: true })
  expect(JSON.stringify(whole.results)).toContain('number-399.conf')
  const [link] = memberViews(laptop, systemClock.now()).filter(({ peer }) => peer === agent.mesh.peerId)
  // Which of the two dialled is chance: both look for links.
  expect(link).toMatchObject({ how: 'relayed', relay: 'hub' })
  const view = networkView(hub)
  const account = view.relaying?.accounts.find(({ name }) => name === 'web')
  expect(account?.sentBytes).toBeGreaterThan(20_000)
  expect(networkView(agent)).toMatchObject({
    needsRelays: true,
    reservations: [{ relay: 'hub', state: 'held' }],
  })
}, 60_000)
