import { createMessage, generateKey, sign } from 'openpgp'
import { expect, test } from 'vitest'
import { concat } from '../../../node/core/bytes.ts'
import type { CertificateBody } from '../../../node/core/certificate.ts'
import { base64Encode, base64UrlEncode, utf8 } from '../../../node/core/encoding.ts'
import {
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  preAuthEncoding,
} from '../../../node/core/envelope.ts'
import { formatInstant, plusSeconds } from '../../../node/core/instant.ts'
import { readCertificate, readKeyring } from '../../../node/verification/keyring.ts'
import {
  signCertificate,
  type VerifiedInvitation,
  verifyCertificate,
  verifyInvitation,
} from '../../../node/verification/membership.ts'
import { ed25519PublicKey, ed25519Sign } from '../../../node/verification/node-keys.ts'
import { type SigningWindow, verifySignatures } from '../../../node/verification/verify-signatures.ts'
import {
  aCertificateBody,
  accepted,
  anInvitation,
  anInvitationWire,
  certificateContext,
  codeOf,
  day,
  flipped,
  invitationContext,
  inviteSeed,
  keysOf,
  now,
  otherFleet,
  seedOf,
} from './builders.ts'

const peerSeed = seedOf('web1 peer')
const documentOf = (wire: Uint8Array) => decodeEnvelope(wire) as Envelope
const signed = (invitation: VerifiedInvitation, changes: Partial<CertificateBody> = {}) =>
  signCertificate(aCertificateBody('web1', invitation, changes), inviteSeed, peerSeed)

test('takes an invitation that an enroller signed', async () => {
  const wire = anInvitationWire()
  const { invitation, person, id } = accepted(await verifyInvitation(wire, invitationContext))
  expect(person).toBe('erin')
  expect(invitation).toMatchObject({ role: 'agent', tags: { operator: 'IT', site: 'berlin' }, maxuses: 10 })
  expect(invitation.invitekey).toEqual(ed25519PublicKey(inviteSeed))
  expect(id).toMatch(/^[a-z2-7]{52}$/)
})

test('hands the window of the invitation to whoever checks its signatures', async () => {
  let seen: unknown
  await verifyInvitation(anInvitationWire(), {
    ...invitationContext,
    signedBy: async (_, window) => {
      seen = window
      return new Set()
    },
  })
  expect(seen).toEqual({ issuedAt: now, expireAfter: plusSeconds(now, 7 * day), now })
})

test.each([
  ['nobody known has signed', { signedBy: async () => new Set<string>() }, 'ignore no-valid-signature'],
  ['the signer may not enrol this role', { mayEnrol: () => false }, 'ignore not-permitted'],
  ['it is revoked', { isRevoked: () => true }, 'ignore revoked'],
  ['it is of another fleet', { fleet: otherFleet }, 'reject wrong-fleet'],
  ['it was issued more than five minutes from now', { now: plusSeconds(now, -301) }, 'ignore not-yet-valid'],
  ['it was issued five minutes from now', { now: plusSeconds(now, -300) }, 'accept'],
  ['it has expired, since what was made in time outlives it', { now: plusSeconds(now, 60 * day) }, 'accept'],
])('judges an invitation when %s', async (_, changes, code) => {
  expect(codeOf(await verifyInvitation(anInvitationWire(), { ...invitationContext, ...changes }))).toBe(code)
})

test('names the enroller who may, not just who signed', async () => {
  const context = { ...invitationContext, signedBy: async () => new Set(['zoe', 'adam', 'erin']) }
  const mayEnrol = (person: string, role: string) => role === 'agent' && person !== 'adam'
  expect(accepted(await verifyInvitation(anInvitationWire(), { ...context, mayEnrol })).person).toBe('erin')
})

test('refuses every change of a bit of an invitation', async () => {
  const wire = anInvitationWire()
  for (let at = 0; at < wire.length; at++) {
    expect(
      codeOf(await verifyInvitation(flipped(wire, at, at % 8), invitationContext)),
      `byte ${at}`,
    ).not.toBe('accept')
  }
})

test('takes no document of another type for an invitation', async () => {
  const invitation = await anInvitation()
  expect(codeOf(await verifyInvitation(signed(invitation), invitationContext))).toBe('ignore unsupported')
  expect(codeOf(verifyCertificate(anInvitationWire(), certificateContext(invitation)))).toBe(
    'ignore unsupported',
  )
  expect(codeOf(await verifyInvitation(utf8('hello'), invitationContext))).toBe('reject not-decodable')
})

test.each([
  ['a body with blanks', '{ "v":1}', 'reject not-canonical'],
  ['a body that is no JSON', 'v=1', 'reject not-decodable'],
  ['no fields', '{}', 'ignore bad-schema'],
  ['a wrong fleet before anything else', `{"fleet":"${otherFleet}"}`, 'reject wrong-fleet'],
])('judges an invitation with %s', async (_, text, code) => {
  const wire = encodeEnvelope({ type: 'mig.invite.v1', body: utf8(text), signatures: [] })
  expect(codeOf(await verifyInvitation(wire, invitationContext))).toBe(code)
})

test('does not make an invitation that nobody would take', () => {
  const bad = expect.objectContaining({ code: 'bad-invitation' })
  expect(() => anInvitationWire({ expires: plusSeconds(now, 15 * day) })).toThrow(bad)
  expect(() => anInvitationWire({ tags: { 'no blanks': 'x' } })).toThrow(bad)
  expect(() => anInvitationWire({ tags: { site: 'two\nlines' } })).toThrow(bad)
  expect(() => anInvitationWire({ invitekey: new Uint8Array(31) })).toThrow(bad)
})

test('takes a certificate that invitation and peer signed', async () => {
  const invitation = await anInvitation()
  const verified = accepted(verifyCertificate(signed(invitation), certificateContext(invitation)))
  expect(verified.peer).toBe(keysOf('web1').peerId)
  expect(verified.certificate.answerkey).toEqual(keysOf('web1').answerKey)
})

test('does not make a certificate for another peer, or one that nobody would take', async () => {
  const invitation = await anInvitation()
  const bad = expect.objectContaining({ code: 'bad-certificate' })
  expect(() => signCertificate(aCertificateBody('web1', invitation), inviteSeed, seedOf('thief'))).toThrow(
    bad,
  )
  expect(() => signed(invitation, { name: 'two\nlines' })).toThrow(bad)
  expect(() => signed(invitation, { serial: 0 })).toThrow(bad)
  expect(() => signed(invitation, { notafter: formatInstant(plusSeconds(now, 367 * day)) })).toThrow(bad)
})

test('refuses every change of a bit of a certificate', async () => {
  const invitation = await anInvitation()
  const wire = signed(invitation)
  for (let at = 0; at < wire.length; at++) {
    const verdict = verifyCertificate(flipped(wire, at, at % 8), certificateContext(invitation))
    expect(verdict.kind, `byte ${at}`).not.toBe('accept')
  }
})

test('wants exactly the two signatures, in their order', async () => {
  const invitation = await anInvitation()
  const { type, body, signatures } = documentOf(signed(invitation))
  const [byInvite, byPeer] = signatures as [Uint8Array, Uint8Array]
  const judge = (list: readonly Uint8Array[]) =>
    codeOf(
      verifyCertificate(encodeEnvelope({ type, body, signatures: list }), certificateContext(invitation)),
    )
  expect(judge([byInvite, byPeer])).toBe('accept')
  const stranger = ed25519Sign(seedOf('stranger'), preAuthEncoding(type, body))
  for (const list of [
    [],
    [byInvite],
    [byPeer, byInvite],
    [byInvite, byInvite],
    [byPeer, byPeer],
    [byInvite, byPeer, byPeer],
    [stranger, byPeer],
    [byInvite, stranger],
    [byInvite, concat([byPeer, Uint8Array.of(0)])],
  ]) {
    expect(judge(list)).toBe('ignore no-valid-signature')
  }
  // Signed, but as something else (security V05).
  const asInvite = [inviteSeed, peerSeed].map((seed) =>
    ed25519Sign(seed, preAuthEncoding('mig.invite.v1', body)),
  )
  expect(judge(asInvite)).toBe('ignore no-valid-signature')
})

const sooner = (seconds: number) => formatInstant(plusSeconds(now, -seconds))
const later = (seconds: number) => formatInstant(plusSeconds(now, seconds))

test.each<[string, Partial<CertificateBody>, number, string]>([
  ['it claims another role', { role: 'investigator' }, 0, 'ignore not-permitted'],
  ['it claims another tag', { tags: { operator: 'root', site: 'berlin' } }, 0, 'ignore not-permitted'],
  ['it drops a tag', { tags: { operator: 'IT' } }, 0, 'ignore not-permitted'],
  ['its tags are written in another order', { tags: { site: 'berlin', operator: 'IT' } }, 0, 'accept'],
  [
    'it is five minutes older than its invitation',
    { notbefore: sooner(300), notafter: later(day) },
    0,
    'accept',
  ],
  [
    'it is more than five minutes older than its invitation',
    { notbefore: sooner(301), notafter: later(day) },
    0,
    'ignore not-permitted',
  ],
  [
    'it was made in the last five minutes of tolerance',
    { notbefore: later(7 * day + 300) },
    7 * day + 300,
    'accept',
  ],
  [
    'it was made after its invitation expired',
    { notbefore: later(7 * day + 301) },
    7 * day + 301,
    'ignore not-permitted',
  ],
  ['its invitation has expired since', {}, 300 * day, 'accept'],
  ['it begins in five minutes', { notbefore: later(300) }, 0, 'accept'],
  ['it begins in more than five minutes', { notbefore: later(301) }, 0, 'ignore not-yet-valid'],
  ['it is in its last second', {}, 365 * day, 'accept'],
  ['it has expired', {}, 365 * day + 1, 'ignore expired'],
  ['its invitation is unknown', { invite: `${'z'.repeat(51)}a` }, 0, 'ignore unknown-signer'],
])('judges a certificate when %s', async (_, changes, secondsFromNow, code) => {
  const invitation = await anInvitation()
  const body = aCertificateBody('web1', invitation, { notafter: later(365 * day), ...changes })
  const wire = signCertificate(body, inviteSeed, peerSeed)
  const context = { ...certificateContext(invitation), now: plusSeconds(now, secondsFromNow) }
  expect(codeOf(verifyCertificate(wire, context))).toBe(code)
})

test('knows no revoked peer and no other fleet', async () => {
  const invitation = await anInvitation()
  const context = certificateContext(invitation)
  const peer = keysOf('web1').peerId
  expect(
    codeOf(verifyCertificate(signed(invitation), { ...context, isRevokedPeer: (id) => id === peer })),
  ).toBe('ignore revoked')
  expect(codeOf(verifyCertificate(signed(invitation), { ...context, fleet: otherFleet }))).toBe(
    'reject wrong-fleet',
  )
})

test('takes a later serial, ignores an earlier one, and flags a second with the same', async () => {
  const invitation = await anInvitation()
  const held = accepted(verifyCertificate(signed(invitation, { serial: 5 }), certificateContext(invitation)))
  const judge = (wire: Uint8Array) => codeOf(verifyCertificate(wire, certificateContext(invitation, held)))
  expect(judge(signed(invitation, { serial: 6, answerkey: base64UrlEncode(seedOf('new')) }))).toBe('accept')
  expect(judge(signed(invitation, { serial: 4 }))).toBe('ignore older')
  expect(judge(signed(invitation, { serial: 5 }))).toBe('ignore already-held')
  expect(judge(signed(invitation, { serial: 5, name: 'web1b' }))).toBe('ignore equivocation')
})

test('accuses nobody of equivocation on the word of somebody else', async () => {
  const invitation = await anInvitation()
  const held = accepted(verifyCertificate(signed(invitation), certificateContext(invitation)))
  const { type, body } = documentOf(signed(invitation, { name: 'slander' }))
  const signatures = [inviteSeed, seedOf('thief')].map((seed) =>
    ed25519Sign(seed, preAuthEncoding(type, body)),
  )
  const wire = encodeEnvelope({ type, body, signatures })
  expect(codeOf(verifyCertificate(wire, certificateContext(invitation, held)))).toBe(
    'ignore no-valid-signature',
  )
})

test('lets no leaked invitation take over the id of a member', async () => {
  const invitation = await anInvitation()
  const held = accepted(verifyCertificate(signed(invitation), certificateContext(invitation)))
  const body = aCertificateBody('web1', invitation, {
    serial: 2,
    answerkey: base64UrlEncode(keysOf('thief').answerKey),
  })
  // What signCertificate would not do for the thief.
  const { type, body: bytes } = documentOf(signCertificate(body, inviteSeed, peerSeed))
  const signatures = [inviteSeed, seedOf('thief peer')].map((seed) =>
    ed25519Sign(seed, preAuthEncoding(type, bytes)),
  )
  const wire = encodeEnvelope({ type, body: bytes, signatures })
  expect(codeOf(verifyCertificate(wire, certificateContext(invitation, held)))).toBe(
    'ignore no-valid-signature',
  )
})

test('takes an invitation that a real PGP key signed, checked by the code that checks actions', async () => {
  const { privateKey } = await generateKey({
    userIDs: [{ name: 'erin' }],
    date: new Date(now - 1000),
    format: 'object',
  })
  const erin = await readCertificate(privateKey.toPublic().write())
  const keys = [{ fingerprint: erin.fingerprint, certificate: base64Encode(erin.binary) }]
  const keyring = await readKeyring([{ name: 'erin', keys }], new Set())
  const { type, body } = documentOf(anInvitationWire())
  const message = await createMessage({ binary: preAuthEncoding(type, body) })
  const options = {
    message,
    signingKeys: privateKey,
    date: new Date(now),
    detached: true,
    format: 'binary',
  } as const
  const signature = (await sign(options)) as Uint8Array
  const context = {
    ...invitationContext,
    signedBy: async (document: Envelope, window: SigningWindow) =>
      (await verifySignatures(document, keyring, window)).persons,
  }
  const judge = (entry: Uint8Array) =>
    verifyInvitation(encodeEnvelope({ type, body, signatures: [entry] }), context)
  expect(accepted(await judge(signature)).person).toBe('erin')
  expect(codeOf(await judge(flipped(signature, signature.length - 1)))).toBe('ignore no-valid-signature')
})
