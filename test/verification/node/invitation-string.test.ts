import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat } from '../../../node/core/bytes.ts'
import { base64UrlDecode, base64UrlEncode, utf8 } from '../../../node/core/encoding.ts'
import { encodeEnvelope } from '../../../node/core/envelope.ts'
import {
  formatInvitationString,
  parseInvitationString,
} from '../../../node/verification/invitation-string.ts'
import { anInvitation, anInvitationWire, fleet, flipped, inviteSeed, keysOf, seedOf } from './builders.ts'

const addresses = [
  `/ip4/192.0.2.1/tcp/4001/p2p/${keysOf('relay1').peerId}`,
  `/dns4/relay.example/tcp/4001/p2p/${keysOf('relay2').peerId}`,
]
const parts = { wire: anInvitationWire(), inviteSeed, addresses }
const line = formatInvitationString(parts)
const bytes = base64UrlDecode(line.slice(5)) as Uint8Array
const messageOf = (text: string): string => {
  try {
    parseInvitationString(text)
  } catch (error) {
    expect(error).toMatchObject({ code: 'bad-invitation', name: 'MigError' })
    return (error as Error).message
  }
  return 'accepted'
}

test('is one line that carries everything a new node needs', async () => {
  expect(line).toMatch(/^mig1-[A-Za-z0-9_-]+$/)
  const parsed = parseInvitationString(line)
  expect(parsed).toMatchObject({ ...parts, fleet, id: (await anInvitation()).id })
  expect(parsed.invitation.role).toBe('agent')
  expect(parsed.networkKey).toBeUndefined()
  const networkKey = utf8('/key/swarm/psk/1.0.0/')
  expect(
    parseInvitationString(formatInvitationString({ ...parts, addresses: [], networkKey })),
  ).toMatchObject({ addresses: [], networkKey })
})

test('survives the blanks and line ends of mail and terminals', () => {
  const wrapped = `  ${(line.match(/.{1,64}/g) ?? []).join('\r\n  ')}\n`
  expect(parseInvitationString(wrapped)).toEqual(parseInvitationString(line))
})

test('says that a paste is cut, wherever it was cut', () => {
  for (let length = 5; length < line.length; length++)
    expect(messageOf(line.slice(0, length))).toMatch(/cut off/)
})

test('says when something stands before or behind it', () => {
  expect(messageOf(`${line}AAAA`)).toMatch(/too long/)
  expect(messageOf(`${line} mig agents`)).toMatch(/too long/)
  expect(messageOf(`$ ${line}`)).toMatch(/does not begin with mig1-/)
  expect(messageOf('')).toMatch(/does not begin with mig1-/)
  expect(messageOf(`${line.slice(0, 50)}%${line.slice(51)}`)).toMatch(
    /character that does not belong there, at 50/,
  )
})

test('sees every change of a bit', () => {
  for (let at = 0; at < bytes.length; at++) {
    expect(messageOf(`mig1-${base64UrlEncode(flipped(bytes, at, at % 8))}`)).toMatch(
      /altered|cut off|too long/,
    )
  }
})

test('sees a wrong character, unless it stands for the same bits', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 5, max: line.length - 1 }),
      fc.constantFrom(...'AQgw_-z9'),
      (at, character) => {
        fc.pre(line[at] !== character)
        expect(messageOf(`${line.slice(0, at)}${character}${line.slice(at + 1)}`)).not.toBe('accepted')
      },
    ),
  )
})

test('takes one spelling only, where the last character has bits to spare', () => {
  for (const length of [1, 2, 3]) {
    const text = formatInvitationString({ ...parts, addresses: ['x'.repeat(length)] })
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const others = [...alphabet].filter((character) => character !== text.at(-1))
    for (const character of others) expect(messageOf(text.slice(0, -1) + character)).toMatch(/altered/)
  }
})

test('refuses a key that is not the invitation’s', () => {
  expect(() => formatInvitationString({ ...parts, inviteSeed: seedOf('other') })).toThrow(/does not belong/)
})

test('refuses what holds no invitation', () => {
  const format = (wire: Uint8Array) => () => formatInvitationString({ ...parts, wire })
  expect(format(utf8('hello'))).toThrow(/no signed invitation/)
  expect(format(encodeEnvelope({ type: 'mig.certificate.v1', body: utf8('{}'), signatures: [] }))).toThrow(
    /no signed invitation/,
  )
  expect(format(encodeEnvelope({ type: 'mig.invite.v1', body: utf8('{ }'), signatures: [] }))).toThrow(
    /not canonical/,
  )
  expect(format(encodeEnvelope({ type: 'mig.invite.v1', body: utf8('{}'), signatures: [] }))).toThrow(
    /malformed/,
  )
})

test('bounds addresses, keys and the whole', () => {
  const address =
    (count: number, text = '/ip4/192.0.2.1') =>
    () =>
      formatInvitationString({ ...parts, addresses: Array(count).fill(text) })
  expect(address(16)).not.toThrow()
  expect(address(17)).toThrow(/more than 16 addresses/)
  expect(address(1, 'x'.repeat(512))).not.toThrow()
  expect(address(1, 'x'.repeat(513))).toThrow(/address 1/)
  expect(address(1, '')).toThrow(/address 1/)
  expect(address(1, 'two\nlines')).toThrow(/address 1/)
  expect(() => formatInvitationString({ ...parts, inviteSeed: seedOf('x').subarray(1) })).toThrow(
    expect.objectContaining({ code: 'bad-invitation' }),
  )
  expect(messageOf('mig1-'.padEnd(65_537, 'A'))).toMatch(/longer than 65536/)
})

test('throws nothing but bad-invitation, whatever is pasted', () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ maxLength: 200 }), (text, raw) => {
      messageOf(text)
      messageOf(`mig1-${text}`)
      messageOf(`mig1-${base64UrlEncode(raw)}`)
      messageOf(`mig1-${base64UrlEncode(concat([bytes.subarray(0, 100), raw]))}`)
    }),
  )
})
