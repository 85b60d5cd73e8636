import { afterEach, expect, it } from 'vitest'
import { MigError } from '../../node/core/error.ts'
import * as keys from '../../node/store/keyspace.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Store } from '../../node/store/store.ts'
import { type AttackedLab, anAttackedLab, aSignedAction, until } from '../attacks/attack-kit.ts'
import { somePeople } from './people.ts'

let fleet: AttackedLab
afterEach(() => fleet?.stop())

it('an answer that found no room on a carrier’s disk takes up none of what it may carry, and is taken when there is room', async () => {
  const people = await somePeople('alice')
  fleet = await anAttackedLab({ people })
  const { lab, machine } = fleet
  const memory = createMemoryStore()
  let isFull = false
  const disk: Store = {
    ...memory,
    async write(changes, options) {
      if (isFull && changes.some((change) => 'put' in change && change.put.startsWith('result/')))
        throw new MigError('disk-full', 'no room')
      await memory.write(changes, options)
    },
  }
  const answering = await lab.startAgent('answering', { root: machine('answering') })
  const carrier = await lab.startAgent('carrier', { root: machine('carrier'), store: disk })
  const asked = await aSignedAction(lab, await lab.startInvestigator('laptop'), people)
  for (const agent of [answering, carrier]) {
    await agent.door.enter({ kind: 'root', bytes: lab.rootWire }, { via: 'local' })
    await agent.door.enter({ kind: 'policy', bytes: lab.policyWire }, { via: 'local' })
    await until('its papers are in', () => agent.ledger.certificates.has(agent.mesh.peerId))
    await agent.door.enter({ kind: 'action', bytes: asked.wire }, { via: 'local' })
  }
  for (const { wire } of answering.ledger.invitations.values())
    await carrier.door.enter({ kind: 'invitation', bytes: wire }, { via: 'local' })
  await until('it has answered', async () => (await answering.waiting()) === 1, 30_000)
  const [answer] = await answering.gate.outbox()
  const peer = answering.mesh.peerId
  const key = keys.result(asked.id, peer)
  const take = () =>
    carrier.door.enter({ kind: 'result', bytes: answer?.wire ?? new Uint8Array(0) }, { via: 'sync', peer })

  isFull = true
  await expect(take()).rejects.toMatchObject({ code: 'disk-full' })
  expect(carrier.carried?.handedBy('result', key)).toBeUndefined()
  isFull = false
  expect(await take()).toMatchObject({ kind: 'accept' })
  expect(carrier.carried?.handedBy('result', key)).toBe(peer)
}, 60_000)
