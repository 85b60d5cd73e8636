import { createHash } from 'node:crypto'
import type { Admission } from '../../../node/core/admission.ts'
import type { CertificateBody, Role } from '../../../node/core/certificate.ts'
import type { Instant } from '../../../node/core/clock.ts'
import { base64UrlEncode } from '../../../node/core/encoding.ts'
import { type Envelope, encodeEnvelope, preAuthEncoding } from '../../../node/core/envelope.ts'
import type { HeartbeatBody } from '../../../node/core/heartbeat.ts'
import { formatInstant, parseInstant, plusSeconds } from '../../../node/core/instant.ts'
import type { PeerId } from '../../../node/core/peer-id.ts'
import type { ResultBody, SummaryBody } from '../../../node/core/result.ts'
import {
  makeInvitationBody,
  signCertificate,
  type VerifiedCertificate,
  type VerifiedInvitation,
  verifyCertificate,
  verifyInvitation,
} from '../../../node/verification/membership.ts'
import {
  ed25519PublicKey,
  ed25519Sign,
  ed25519Verify,
  gateKeysOf,
  nodeKeysOf,
} from '../../../node/verification/node-keys.ts'
import { sealSummary } from '../../../node/verification/seal.ts'

export const fleet = `${'f'.repeat(51)}a`
export const otherFleet = `${'g'.repeat(51)}a`
export const actionId = `${'b'.repeat(51)}q`
export const now = parseInstant('2026-11-24T05:00:00Z') as Instant
export const day = 86_400

const seeds = new Map<string, Uint8Array>()

/** A seed that is the same in every run; one array a name, since keys are kept by it. */
export function seedOf(name: string): Uint8Array {
  const seed = seeds.get(name) ?? new Uint8Array(createHash('sha256').update(name).digest())
  seeds.set(name, seed)
  return seed
}

export const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

/** Every other value of byte `at` differs in one bit. */
export function flipped(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] as number) ^ (1 << bit)
  return copy
}

export function codeOf(verdict: Admission<unknown>): string {
  return verdict.kind === 'accept' ? 'accept' : `${verdict.kind} ${verdict.code}`
}

export function accepted<T>(verdict: Admission<T>): T {
  if (verdict.kind !== 'accept') throw new Error(`expected accept, got ${verdict.code}: ${verdict.detail}`)
  return verdict.value
}

export const inviteSeed = seedOf('invite')
/** Stands for an enroller's PGP key here: real PGP is tried in membership.test.ts. */
export const enrollerSeed = seedOf('enroller')

export function anInvitationWire(
  changes: Partial<Parameters<typeof makeInvitationBody>[0]> = {},
): Uint8Array {
  const body = makeInvitationBody({
    fleet,
    role: 'agent',
    tags: { operator: 'IT', site: 'berlin' },
    maxuses: 10,
    issuedat: now,
    expires: plusSeconds(now, 7 * day),
    invitekey: ed25519PublicKey(inviteSeed),
    ...changes,
  })
  const type = 'mig.invite.v1'
  return encodeEnvelope({ type, body, signatures: [ed25519Sign(enrollerSeed, preAuthEncoding(type, body))] })
}

export async function signedByEnroller({ type, body, signatures }: Envelope): Promise<ReadonlySet<string>> {
  const signed = preAuthEncoding(type, body)
  const holds = signatures.some((signature) =>
    ed25519Verify(ed25519PublicKey(enrollerSeed), signed, signature),
  )
  return new Set(holds ? ['erin'] : [])
}

export const invitationContext = {
  fleet,
  now,
  signedBy: signedByEnroller,
  mayEnrol: (person: string) => person === 'erin',
  isRevoked: () => false,
}

export async function anInvitation(
  changes: Partial<Parameters<typeof makeInvitationBody>[0]> = {},
): Promise<VerifiedInvitation> {
  return accepted(await verifyInvitation(anInvitationWire(changes), invitationContext))
}

export function keysOf(name: string) {
  return {
    ...nodeKeysOf(seedOf(`${name} peer`)),
    ...gateKeysOf(seedOf(`${name} answer`), seedOf(`${name} sealing`)),
  }
}

export function aCertificateBody(
  name: string,
  invitation: VerifiedInvitation,
  changes: Partial<CertificateBody> = {},
): CertificateBody {
  const keys = keysOf(name)
  return {
    v: 1,
    fleet,
    role: invitation.invitation.role,
    name,
    peerid: keys.peerId,
    answerkey: base64UrlEncode(keys.answerKey),
    sealingkey: base64UrlEncode(keys.sealingKey),
    tags: { ...invitation.invitation.tags },
    serial: 1,
    notbefore: formatInstant(now),
    notafter: formatInstant(plusSeconds(now, 365 * day)),
    invite: invitation.id,
    ...changes,
  }
}

export function certificateContext(invitation: VerifiedInvitation, held?: VerifiedCertificate) {
  return {
    fleet,
    now,
    invitation: (id: string) => (id === invitation.id ? invitation : undefined),
    held: (peer: PeerId) => (peer === held?.peer ? held : undefined),
    isRevokedPeer: () => false,
  }
}

export async function aMember(
  name: string,
  role: Role = 'agent',
  changes: Partial<CertificateBody> = {},
): Promise<VerifiedCertificate> {
  const invitation = await anInvitation({ role })
  const wire = signCertificate(
    aCertificateBody(name, invitation, changes),
    inviteSeed,
    seedOf(`${name} peer`),
  )
  return accepted(verifyCertificate(wire, certificateContext(invitation)))
}

export function nodeContext(...members: readonly VerifiedCertificate[]) {
  return { fleet, certificate: (peer: PeerId) => members.find((member) => member.peer === peer) }
}

export const replySeed = seedOf('reply')

export function anOuter(name: string, changes: Partial<ResultBody> = {}): Omit<ResultBody, 'sealed'> {
  return {
    v: 1,
    fleet,
    actionid: actionId,
    peerid: keysOf(name).peerId,
    serial: 1,
    seq: 3,
    outcome: 'done',
    startedat: '2026-11-24T05:00:01Z',
    endedat: '2026-11-24T05:00:02Z',
    ...changes,
  }
}

export function aSummary(name: string, changes: Partial<SummaryBody> = {}): SummaryBody {
  return {
    peerid: keysOf(name).peerId,
    results: [{ foundanything: false, success: true, elements: { s1: [] }, statistics: null, errors: null }],
    found: [0],
    truncated: false,
    ...changes,
  }
}

export function aResultWire(
  name: string,
  replyKey: Uint8Array,
  changes: Partial<Parameters<typeof sealSummary>[0]> = {},
): Uint8Array {
  return sealSummary({
    outer: anOuter(name),
    summary: aSummary(name),
    replyKey,
    sizeBytes: 4096,
    answerSeed: seedOf(`${name} answer`),
    ...changes,
  })
}

export function aHeartbeatBody(name: string, changes: Partial<HeartbeatBody> = {}): HeartbeatBody {
  return {
    v: 1,
    fleet,
    peerid: keysOf(name).peerId,
    serial: 1,
    boot: 2,
    seq: 5,
    at: formatInstant(now),
    mode: 'daemon',
    version: '0.1.0',
    pid: 4711,
    starttime: formatInstant(now),
    environment: {
      init: 'systemd',
      ident: 'Debian 12',
      os: 'linux',
      arch: 'amd64',
      addresses: ['192.0.2.7'],
      modules: ['file'],
    },
    policyversion: 1,
    addresses: [],
    outbox: 0,
    ...changes,
  }
}
