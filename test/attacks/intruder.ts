import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Connection } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { CertificateBody, Role, Tags } from '../../node/core/certificate.ts'
import type { Instant } from '../../node/core/clock.ts'
import { base64UrlEncode } from '../../node/core/encoding.ts'
import { documentId } from '../../node/core/envelope.ts'
import { formatInstant, plusSeconds } from '../../node/core/instant.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { streamProtocol, type Topic, topicName } from '../../node/mesh/topics.ts'
import type { Lab, LabPerson } from '../../node/roles/lab.ts'
import { encodeItems, type Item } from '../../node/sync/item.ts'
import { systemRandom } from '../../node/system/system-clock.ts'
import { makeInvitationBody, signCertificate } from '../../node/verification/membership.ts'
import { ed25519PublicKey, gateKeysOf, generateSeed, nodeKeysOf } from '../../node/verification/node-keys.ts'
import { type Stranger, startStranger } from '../mesh/stranger.ts'
import { until } from './attack-kit.ts'

/** The papers and the keys of somebody, made by hand: whatever is wrong with them is wrong on purpose. */
export interface Papers {
  readonly peer: PeerId
  readonly peerSeed: Uint8Array
  readonly answerSeed: Uint8Array
  readonly certificateWire: Uint8Array
  readonly invitationWire: Uint8Array
  readonly inviteId: string
  /** Invitation and certificate, in the order in which a door takes them. */
  readonly items: readonly Item[]
}

const day = 86_400

export async function papersOf(
  lab: Pick<Lab, 'fleet' | 'sign'>,
  enroller: LabPerson,
  role: Role,
  wish: {
    readonly certificate?: Partial<CertificateBody>
    readonly invitedAs?: Role
    readonly tags?: Tags
    readonly issuedDaysAgo?: number
  } = {},
): Promise<Papers> {
  const now = plusSeconds(
    (Math.floor(Date.now() / 1000) * 1000) as Instant,
    -60 - (wish.issuedDaysAgo ?? 0) * day,
  )
  const inviteSeed = generateSeed(systemRandom)
  const tags = wish.tags ?? {}
  const invitation = makeInvitationBody({
    fleet: lab.fleet,
    role: wish.invitedAs ?? role,
    tags,
    maxuses: 10,
    issuedat: now,
    expires: plusSeconds(now, 7 * day),
    invitekey: ed25519PublicKey(inviteSeed),
  })
  const invitationWire = await lab.sign('mig.invite.v1', invitation, [enroller.signer])
  const inviteId = documentId({ type: 'mig.invite.v1', body: invitation })
  const { peerSeed, peerId } = nodeKeysOf(generateSeed(systemRandom))
  const gate = gateKeysOf(
    role === 'agent' ? generateSeed(systemRandom) : peerSeed,
    generateSeed(systemRandom),
  )
  const certificateWire = signCertificate(
    {
      v: 1,
      fleet: lab.fleet,
      role,
      name: `intruder-${role}`,
      peerid: peerId,
      answerkey: base64UrlEncode(gate.answerKey),
      sealingkey: base64UrlEncode(gate.sealingKey),
      tags,
      serial: 1,
      notbefore: formatInstant(now),
      notafter: formatInstant(plusSeconds(now, 30 * day)),
      invite: inviteId,
      ...wish.certificate,
    },
    inviteSeed,
    peerSeed,
  )
  return {
    peer: peerId,
    peerSeed,
    answerSeed: gate.answerSeed,
    certificateWire,
    invitationWire,
    inviteId,
    items: [
      { kind: 'invitation', bytes: invitationWire },
      { kind: 'certificate', bytes: certificateWire },
    ],
  }
}

/** A raw libp2p node that keeps no rule of ours. */
export async function intruderWith(papers: Papers): Promise<Stranger> {
  return startStranger(await generateKeyPairFromSeed('Ed25519', papers.peerSeed))
}

/** Shows papers to a node.
 *  @returns the connection, and why it was refused when it was */
export async function knock(
  { libp2p }: Stranger,
  address: string,
  fleet: string,
  items: readonly Item[],
): Promise<{ readonly connection: Connection; readonly refusal: string | undefined }> {
  const connection = await libp2p.dial(multiaddr(address), { force: true })
  const frames = lpStream(await connection.newStream(streamProtocol(fleet, 'enrol')))
  await frames.write(Uint8Array.of(1, 0, ...encodeItems(items)))
  const verdict = (await frames.read()).subarray()
  if (verdict[0] !== 1) return { connection, refusal: Buffer.from(verdict.subarray(1)).toString() }
  await frames.read()
  await frames.write(Uint8Array.of(1))
  return { connection, refusal: undefined }
}

/** Becomes a member that keeps no rule, and knows who listens to the topic. */
export async function infiltrate(papers: Papers, address: string, fleet: string, ...topics: Topic[]) {
  const intruder = await intruderWith(papers)
  const { connection, refusal } = await knock(intruder, address, fleet, papers.items)
  if (refusal !== undefined) throw new Error(`refused: ${refusal}`)
  for (const topic of topics) {
    await until(
      `somebody listens to ${topic}`,
      () => intruder.gossip.getSubscribers(topicName(fleet, topic)).length > 0,
    )
  }
  return {
    ...intruder,
    connection,
    publish: (topic: Topic, ...items: readonly Item[]) =>
      intruder.gossip.publish(topicName(fleet, topic), encodeItems(items)),
    publishBytes: (topic: Topic, bytes: Uint8Array) =>
      intruder.gossip.publish(topicName(fleet, topic), bytes),
  }
}
