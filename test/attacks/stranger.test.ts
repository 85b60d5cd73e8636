import { lpStream } from '@libp2p/utils'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../node/core/clock.ts'
import { base64Encode } from '../../node/core/encoding.ts'
import { formatInstant, plusSeconds } from '../../node/core/instant.ts'
import { streamProtocol, type Topic, topicName, topics } from '../../node/mesh/topics.ts'
import type { CollectorNode } from '../../node/roles/collector.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import type { LabPerson } from '../../node/roles/lab.ts'
import { encodeItems, type Item } from '../../node/sync/item.ts'
import { stopStrangers } from '../mesh/stranger.ts'
import { somePeople } from '../roles/people.ts'
import {
  type AttackedLab,
  anAttackedLab,
  aSignedAction,
  nextPolicy,
  send,
  settled,
  until,
  whenKnown,
} from './attack-kit.ts'
import { infiltrate, intruderWith, knock, type Papers, papersOf } from './intruder.ts'

let people: readonly LabPerson[]
const person = (index: number) => people[index] as LabPerson
beforeAll(async () => {
  people = await somePeople('alice', 'bob', 'mallory')
})

describe('a stranger', () => {
  let attacked: AttackedLab
  let other: AttackedLab
  let relay: CollectorNode & { readonly addresses: readonly string[] }
  let investigator: InvestigatorNode
  const address = () => relay.addresses[0] ?? ''

  beforeAll(async () => {
    attacked = await anAttackedLab({ people: people.slice(0, 2) })
    other = await anAttackedLab({ people: [person(2)] })
    relay = await attacked.lab.startRelay('relay', { transport: 'tcp' })
    const node = { transport: 'tcp', bootstrap: relay.addresses } as const
    await attacked.lab.startAgent('web', { ...node, root: attacked.machine('web') })
    investigator = await attacked.lab.startInvestigator('laptop', node)
    await whenKnown(investigator, 1)
  }, 60_000)
  afterEach(stopStrangers)
  afterAll(async () => {
    await attacked?.stop()
    await other?.stop()
  })

  const now = plusSeconds((Math.floor(Date.now() / 1000) * 1000) as Instant, -60)
  const later = (seconds: number) => formatInstant(plusSeconds(now, seconds))
  const fleet = () => attacked.lab.fleet

  /** What each of them shows, and what it is told. */
  const impostors: Readonly<
    Record<string, [show: () => Promise<[Papers, readonly Item[]]>, refusal: RegExp]>
  > = {
    'has a key and nothing else': [
      async () => [await papersOf(attacked.lab, person(0), 'relay'), []],
      /no credentials/,
    ],
    'shows what anybody may know of the fleet': [
      async () => [
        await papersOf(attacked.lab, person(0), 'relay'),
        [
          { kind: 'root', bytes: attacked.lab.rootWire },
          { kind: 'policy', bytes: attacked.lab.policyWire },
        ],
      ],
      /no credentials|no certificate/,
    ],
    'is a member of another fleet': [
      async () => {
        const papers = await papersOf(other.lab, person(2), 'relay')
        const own: readonly Item[] = [
          { kind: 'root', bytes: other.lab.rootWire },
          { kind: 'policy', bytes: other.lab.policyWire },
          ...papers.items,
        ]
        return [papers, own]
      },
      /wrong-fleet/,
    ],
    'shows the certificate of another peer (T16)': [
      async () => {
        const stolen = await papersOf(attacked.lab, person(0), 'relay')
        return [await papersOf(attacked.lab, person(0), 'relay'), stolen.items]
      },
      /no credentials|no certificate/,
    ],
    'has a certificate that has expired': [
      async () => {
        const wish = { certificate: { notafter: later(-2 * 86_400) }, issuedDaysAgo: 5 }
        const papers = await papersOf(attacked.lab, person(0), 'relay', wish)
        return [papers, papers.items]
      },
      /expired/,
    ],
    'has a certificate for later': [
      async () => {
        const wish = { certificate: { notbefore: later(3600), notafter: later(7200) } }
        const papers = await papersOf(attacked.lab, person(0), 'relay', wish)
        return [papers, papers.items]
      },
      /not-yet-valid/,
    ],
    'was invited by nobody of this fleet': [
      async () => {
        const papers = await papersOf(attacked.lab, person(2), 'relay')
        return [papers, papers.items]
      },
      /no-valid-signature|unknown-signer/,
    ],
    'was invited by a person who may not enrol': [
      async () => {
        const papers = await papersOf(attacked.lab, person(1), 'relay')
        return [papers, papers.items]
      },
      /not-permitted|unknown-signer/,
    ],
    'was invited as an agent and calls itself a relay': [
      async () => {
        const papers = await papersOf(attacked.lab, person(0), 'relay', { invitedAs: 'agent' })
        return [papers, papers.items]
      },
      /invited as agent/,
    ],
    'gives itself a tag': [
      async () => {
        const papers = await papersOf(attacked.lab, person(0), 'agent', {
          certificate: { tags: { operator: 'IT' } },
        })
        return [papers, papers.items]
      },
      /tags differ/,
    ],
    'hides a question among its papers': [
      async () => {
        const papers = await papersOf(attacked.lab, person(0), 'relay')
        const { wire } = await aSignedAction(attacked.lab, investigator, [person(0)])
        return [papers, [...papers.items, { kind: 'action', bytes: wire }]]
      },
      /credentials hold a action/,
    ],
  }

  it.each(Object.keys(impostors))('that %s cannot join, publish or subscribe', async (title) => {
    const [show, refusal] = impostors[title] as (typeof impostors)[string]
    const [papers, items] = await show()
    const intruder = await intruderWith(papers)
    const heard: string[] = []
    intruder.gossip.addEventListener('message', ({ detail }) => heard.push(detail.topic))
    for (const topic of topics) intruder.gossip.subscribe(topicName(fleet(), topic))
    const before = relay.mesh.members().length
    const answer = await knock(intruder, address(), fleet(), items)
    expect(answer.refusal).toMatch(refusal)

    const recipients = await Promise.all(
      topics.map(async (topic: Topic) => {
        const sent = await intruder.gossip.publish(topicName(fleet(), topic), encodeItems(papers.items))
        return sent.recipients.length
      }),
    )
    expect(recipients).toEqual([0, 0, 0, 0])
    await expect(
      (async () => {
        const sync = lpStream(await answer.connection.newStream(streamProtocol(fleet(), 'sync')))
        await sync.write(Buffer.from('{"v":1,"have":{},"awaits":[],"hops":8,"acquaintances":[]}'))
        return (await sync.read()).length
      })(),
    ).rejects.toThrow()
    await until('it is cut off', () => answer.connection.status !== 'open', 2000)
    expect(relay.mesh.members()).toHaveLength(before)
    expect(relay.mesh.members().some(({ peer }) => peer === papers.peer)).toBe(false)
    expect(heard).toEqual([])
  })

  it('that comes with good papers is a member: the refusals above have their reasons', async () => {
    const papers = await papersOf(attacked.lab, person(0), 'relay')
    const { connection } = await infiltrate(papers, address(), fleet(), ...topics)
    expect(connection.status).toBe('open')
    await until('it is a member', () => relay.mesh.members().some(({ peer }) => peer === papers.peer))
  })

  it('has kept nobody from asking', async () => {
    const { id, wire } = await aSignedAction(attacked.lab, investigator, [person(0)])
    await send(investigator, wire)
    expect((await settled(investigator, id)).answered.map(({ name }) => name)).toEqual(['web'])
  })
})

describe('a member that is revoked', () => {
  let attacked: AttackedLab
  afterEach(async () => {
    await stopStrangers()
    await attacked?.stop()
  })

  it.each(['peer', 'invitation', 'person'] as const)(
    'by %s is cut off at once and stays out (T18)',
    async (by) => {
      attacked = await anAttackedLab({
        people: people.slice(0, 2),
        policy: {
          enrollers: people
            .slice(0, 2)
            .map(({ name }) => ({ person: name, roles: ['agent', 'relay', 'investigator'] })),
        },
      })
      const { lab } = attacked
      const relay = await lab.startRelay('relay', { transport: 'tcp' })
      const investigator = await lab.startInvestigator('laptop', {
        transport: 'tcp',
        bootstrap: relay.addresses,
      })
      const address = relay.addresses[0] ?? ''
      await until('the investigator is there', () => relay.mesh.members().length === 1)
      const papers = await papersOf(lab, person(1), 'relay')
      const { connection } = await infiltrate(papers, address, lab.fleet, 'actions')
      const revoked = {
        people: by === 'person' ? ['bob'] : [],
        peers: by === 'peer' ? [papers.peer] : [],
        invitations: by === 'invitation' ? [papers.inviteId] : [],
      }
      const policy = await nextPolicy(lab, person(0), { revoked })
      await investigator.service.publish('policy', base64Encode(policy))
      const tookMs = await until('it is cut off', () => connection.status !== 'open', 5000)
      expect(tookMs).toBeLessThan(2000)
      const again = await knock(await intruderWith(papers), address, lab.fleet, papers.items)
      expect(again.refusal).toMatch(/revoked/)
      expect(relay.mesh.members().map(({ role }) => role)).toEqual(['investigator'])
    },
    30_000,
  )
})
