import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { overuseFindings } from '../../cli/fleet/checks.ts'
import { invitationLines, overuseLines } from '../../cli/views/invitations.ts'
import { canonicalBytes } from '../../node/core/canonical-json.ts'
import type { Instant } from '../../node/core/clock.ts'
import { base64Encode, base64UrlEncode } from '../../node/core/encoding.ts'
import { decodeEnvelope, documentId } from '../../node/core/envelope.ts'
import { formatInstant, plusSeconds } from '../../node/core/instant.ts'
import type { PolicyBody } from '../../node/core/policy.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import { createLab, type Lab, type LabPerson } from '../../node/roles/lab.ts'
import { systemClock, systemRandom } from '../../node/system/system-clock.ts'
import { makeInvitationBody, signCertificate } from '../../node/verification/membership.ts'
import { ed25519PublicKey, gateKeysOf, nodeKeysOf } from '../../node/verification/node-keys.ts'
import { somePeople } from './people.ts'

const start = plusSeconds((Math.floor(Date.now() / 1000) * 1000) as Instant, -600)

describe('an invitation that more have used than it was made for', () => {
  let people: readonly LabPerson[]
  let lab: Lab
  let laptop: InvestigatorNode
  let desk: InvestigatorNode
  let id: string
  const logged: { event: string; uses: unknown }[] = []
  const inviteSeed = systemRandom.bytes(32)
  const peers = ['late', 'early', 'middle'].map((name, i) => ({
    name,
    notbefore: plusSeconds(start, [300, 100, 200][i] as number),
    keys: nodeKeysOf(systemRandom.bytes(32)),
  }))
  const [late, early, middle] = peers.map(({ keys }) => keys.peerId)

  beforeAll(async () => {
    people = await somePeople('alice')
    lab = await createLab(
      { people },
      {
        clock: systemClock,
        random: systemRandom,
        log: (node, event, details) => {
          if (node === 'laptop' && event === 'invitation-overused')
            logged.push({ event, uses: details?.uses })
        },
      },
    )
    laptop = await lab.startInvestigator('laptop')
    desk = await lab.startInvestigator('desk')
    const body = makeInvitationBody({
      fleet: lab.fleet,
      role: 'agent',
      tags: { site: 'Berlin' },
      maxuses: 2,
      issuedat: start,
      expires: plusSeconds(start, 86_400),
      invitekey: ed25519PublicKey(inviteSeed),
    })
    id = documentId({ type: 'mig.invite.v1', body })
    const signer = (people[0] as LabPerson).signer
    const invitation = await lab.sign('mig.invite.v1', body, [signer])
    const certificates = peers.map(({ name, notbefore, keys }) => {
      const gate = gateKeysOf(systemRandom.bytes(32), systemRandom.bytes(32))
      return signCertificate(
        {
          v: 1,
          fleet: lab.fleet,
          role: 'agent',
          name,
          peerid: keys.peerId,
          answerkey: base64UrlEncode(gate.answerKey),
          sealingkey: base64UrlEncode(gate.sealingKey),
          tags: { site: 'Berlin' },
          serial: 1,
          notbefore: formatInstant(notbefore),
          notafter: formatInstant(plusSeconds(start, 86_400)),
          invite: id,
        },
        inviteSeed,
        keys.peerSeed,
      )
    })
    // Each of the two hears of them in another order.
    for (const [node, order] of [
      [laptop, certificates],
      [desk, [...certificates].reverse()],
    ] as const) {
      await node.door.enter({ kind: 'invitation', bytes: invitation }, { via: 'local' })
      for (const bytes of order) await node.door.enter({ kind: 'certificate', bytes }, { via: 'local' })
    }
  }, 60_000)
  afterAll(() => lab?.stop())

  const viewOf = async (node: InvestigatorNode) =>
    (await node.service.invitations()).filter((view) => view.id === id)

  it('names the same surplus at every node, in whatever order it heard of them, and logs it', async () => {
    const views = await viewOf(laptop)
    expect(views).toMatchObject([{ person: 'alice', role: 'agent', maxuses: 2, tags: { site: 'Berlin' } }])
    expect(views[0]?.members.map(({ name, isSurplus }) => [name, isSurplus])).toEqual([
      ['early', false],
      ['middle', false],
      ['late', true],
    ])
    expect(await viewOf(desk)).toEqual(views)
    expect(logged).toEqual([{ event: 'invitation-overused', uses: 3 }])
  })

  it('is told with what to do about it', async () => {
    const views = await viewOf(laptop)
    expect(invitationLines(views)[0]).toContain('3 of 2 uses')
    expect(invitationLines(views).at(-1)).toMatch(/^ {2}late 12D3KooW.*SURPLUS$/)
    expect(overuseLines(views)).toEqual([expect.stringContaining('mig policy revoke')])
    expect(overuseFindings('laptop', views)).toMatchObject([{ verdict: 'warning' }])
  })

  it('is well again when one of them is revoked, and others come first then', async () => {
    const first = decodeEnvelope(lab.policyWire)
    if (typeof first === 'string') throw new Error(first)
    const body = JSON.parse(Buffer.from(first.body).toString('utf8')) as PolicyBody
    const revoked = { people: [], peers: [early as string], invitations: [] }
    const next = { ...body, version: 2, previous: documentId(first), revoked }
    const wire = await lab.sign('mig.policy.v1', canonicalBytes(next), [(people[0] as LabPerson).signer])
    await laptop.service.publish('policy', base64Encode(wire))
    const views = await viewOf(laptop)
    expect(views[0]?.members.map(({ peer, isSurplus }) => [peer, isSurplus])).toEqual([
      [middle, false],
      [late, false],
    ])
    expect(overuseLines(views)).toEqual([])
  })
})
