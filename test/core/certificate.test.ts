import { expect, test } from 'vitest'
import {
  type CertificateBody,
  type InvitationBody,
  isCollector,
  parseCertificateBody,
  parseInvitationBody,
  roles,
} from '../../node/core/certificate.ts'
import { base64UrlEncode } from '../../node/core/encoding.ts'
import { peerIdOf } from '../../node/core/peer-id.ts'

const key = (byte: number) => base64UrlEncode(new Uint8Array(32).fill(byte))
const documentId = `${'f'.repeat(51)}a`

const anInvitation = (changes: Partial<InvitationBody> = {}): InvitationBody => ({
  v: 1,
  fleet: documentId,
  role: 'agent',
  tags: { operator: 'IT' },
  maxuses: 1,
  issuedat: '2026-11-01T00:00:00Z',
  expires: '2026-11-15T00:00:00Z',
  invitekey: key(1),
  ...changes,
})

const aCertificate = (changes: Partial<CertificateBody> = {}): CertificateBody => ({
  v: 1,
  fleet: documentId,
  role: 'agent',
  name: 'web1.example.net',
  peerid: peerIdOf(new Uint8Array(32).fill(2)),
  answerkey: key(3),
  sealingkey: key(4),
  tags: {},
  serial: 1,
  notbefore: '2026-11-01T00:00:00Z',
  notafter: '2027-11-02T00:00:00Z',
  invite: documentId,
  ...changes,
})

test('reads an invitation into types that cannot be wrong', () => {
  expect(parseInvitationBody(anInvitation())).toMatchObject({
    invitekey: new Uint8Array(32).fill(1),
    issuedat: Date.UTC(2026, 10, 1),
  })
})

test('reads a certificate into types that cannot be wrong', () => {
  expect(parseCertificateBody(aCertificate())).toMatchObject({
    answerkey: new Uint8Array(32).fill(3),
    serial: 1,
  })
})

const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`tag${i}`, 'x']))

test.each<[string, object, RegExp | undefined]>([
  ['it lasts 14 days', {}, undefined],
  ['it lasts a second more', { expires: '2026-11-15T00:00:01Z' }, /14 days/],
  ['it ends as it begins', { expires: '2026-11-01T00:00:00Z' }, /later than issuedat/],
  ['nobody may use it', { maxuses: 0 }, /^maxuses/],
  ['a million may use it', { maxuses: 1_000_000 }, undefined],
  ['a million and one may use it', { maxuses: 1_000_001 }, /^maxuses/],
  ['its key is short', { invitekey: 'AAAA' }, /^invitekey: expected base64url of 32 bytes/],
  ['its fleet is none', { fleet: 'mine' }, /^fleet/],
  ['its role is unknown', { role: 'root' }, /^role/],
  ['its version is unknown', { v: 2 }, /^v:/],
  ['it has a field of tomorrow', { group: 'web' }, /group/],
  ['a field is missing', { tags: undefined }, /^tags/],
  ['it has 32 tags', { tags: tags(32) }, undefined],
  ['it has 33 tags', { tags: tags(33) }, /more than 32 tags/],
  ['a tag has 64 characters', { tags: { ['a'.repeat(64)]: '' } }, undefined],
  ['a tag has 65 characters', { tags: { ['a'.repeat(65)]: '' } }, /^tags/],
  ['a tag begins with a digit', { tags: { '1a': '' } }, /^tags/],
  ['a tag begins with an underscore', { tags: { _a: '' } }, /^tags/],
  ['a tag says much', { tags: { site: 'x'.repeat(128) } }, undefined],
  ['a tag says too much', { tags: { site: 'x'.repeat(129) } }, /^tags\.site/],
  ['a tag is a number', { tags: { site: 1 } }, /^tags\.site/],
])('judges an invitation when %s', (_, changes, problem) => {
  const parsed = parseInvitationBody({ ...anInvitation(), ...changes })
  if (problem === undefined) expect(typeof parsed).toBe('object')
  else expect(parsed).toMatch(problem)
})

test.each<[string, object, RegExp | undefined]>([
  ['it lasts 366 days', {}, undefined],
  ['it lasts a second more', { notafter: '2027-11-02T00:00:01Z' }, /at most a year/],
  ['it ends as it begins', { notafter: '2026-11-01T00:00:00Z' }, /later than notbefore/],
  ['it has no name', { name: '' }, /^name/],
  ['its name has 256 characters', { name: 'x'.repeat(256) }, undefined],
  ['its name has 257 characters', { name: 'x'.repeat(257) }, /^name/],
  ['its peer id is an RSA one', { peerid: 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N' }, /^peerid/],
  ['its serial is 0', { serial: 0 }, /^serial/],
  ['its serial is a fraction', { serial: 1.5 }, /^serial/],
  ['its answer key has another spelling', { answerkey: `${key(3)}=` }, /^answerkey/],
  ['its sealing key is long', { sealingkey: base64UrlEncode(new Uint8Array(33)) }, /^sealingkey/],
  ['its invitation is none', { invite: 'A'.repeat(52) }, /^invite/],
  ['its time is no time', { notbefore: '2026-11-01' }, /^notbefore/],
  ['it has a field of tomorrow', { admin: true }, /admin/],
])('judges a certificate when %s', (_, changes, problem) => {
  const parsed = parseCertificateBody({ ...aCertificate(), ...changes })
  if (problem === undefined) expect(typeof parsed).toBe('object')
  else expect(parsed).toMatch(problem)
})

test('calls relays and investigators collectors', () => {
  expect(roles.map((role) => [role, isCollector(role)])).toEqual([
    ['agent', false],
    ['relay', true],
    ['investigator', true],
  ])
})
