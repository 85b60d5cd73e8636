import { createHash } from 'node:crypto'
import { ByteReader, concat, equalBytes, prefixed, uvarint } from '../core/bytes.ts'
import { parseCanonical } from '../core/canonical-json.ts'
import { type Invitation, parseInvitationBody } from '../core/certificate.ts'
import { base64UrlDecode, base64UrlEncode, utf8, utf8Decode } from '../core/encoding.ts'
import { decodeEnvelope, documentId } from '../core/envelope.ts'
import { MigError } from '../core/error.ts'
import { maxInvitationAddresses, maxInvitationStringChars, maxOtherBodyBytes } from '../core/limits.ts'
import { ed25519PublicKey } from './node-keys.ts'

/** What one pasted line carries: all that a new node needs to join. Whoever holds it can join until it expires. */
export interface InvitationString {
  /** The signed invitation. Its PGP signature is checked once the fleet's policy is at hand. */
  readonly wire: Uint8Array
  /** Private half of `invitation.invitekey`. */
  readonly inviteSeed: Uint8Array
  /** Where members can be dialled; each ends in `/p2p/<id>`. */
  readonly addresses: readonly string[]
  /** Pre-shared key of the network (libp2p pnet), where the fleet uses one. */
  readonly networkKey?: Uint8Array | undefined
}

export interface ParsedInvitationString extends InvitationString {
  readonly fleet: string
  /** Document id: what a certificate names as `invite`. */
  readonly id: string
  readonly invitation: Invitation
}

const start = 'mig1-'
const maxAddressBytes = 512
const maxNetworkKeyBytes = 256
const checksumBytes = 4

/** One line to paste: `mig1-` and base64url of
 *  `uvarint(length) ‖ prefixed(invitation) ‖ seed (32) ‖ prefixed(network key) ‖ uvarint(count) ‖ prefixed(address)… ‖ checksum`.
 *  @throws MigError `bad-invitation` when it could not be read again */
export function formatInvitationString(parts: InvitationString): string {
  const payload = concat([
    prefixed(parts.wire),
    parts.inviteSeed,
    prefixed(parts.networkKey ?? new Uint8Array(0)),
    uvarint(parts.addresses.length),
    ...parts.addresses.map((address) => prefixed(utf8(address))),
  ])
  const text = start + base64UrlEncode(concat([uvarint(payload.length), payload, checksum(payload)]))
  parseInvitationString(text)
  return text
}

/** Reads a pasted invitation. Blanks and line ends, as terminals and mail put them in, do not matter.
 *  The role and the fleet it shows are the enroller's claim until the signature has been checked.
 *  @throws MigError `bad-invitation` saying whether it is cut off, altered or something else */
export function parseInvitationString(text: string): ParsedInvitationString {
  if (text.length > maxInvitationStringChars) throw bad(`longer than ${maxInvitationStringChars} characters`)
  const line = text.replace(/\s+/g, '')
  if (!line.startsWith(start)) throw bad(`does not begin with ${start}`)
  const payload = checkedPayload(line.slice(start.length))
  const reader = new ByteReader(payload)
  const wire = reader.prefixed(maxOtherBodyBytes)
  const inviteSeed = reader.take(32)
  const networkKey = reader.prefixed(maxNetworkKeyBytes)
  const count = reader.uvarint()
  if (wire === undefined || inviteSeed === undefined || networkKey === undefined || count === undefined)
    throw bad('not in a known form')
  if (count > maxInvitationAddresses) throw bad(`more than ${maxInvitationAddresses} addresses`)
  const addresses: string[] = []
  for (let i = 0; i < count; i++) {
    const bytes = reader.prefixed(maxAddressBytes)
    const address = bytes === undefined ? undefined : utf8Decode(bytes)
    if (address === undefined || !/^[\x21-\x7e]+$/.test(address))
      throw bad(`address ${i + 1} is not printable text`)
    addresses.push(address)
  }
  if (!reader.done) throw bad('not in a known form')
  return {
    ...readInvitation(wire, inviteSeed),
    wire,
    inviteSeed,
    addresses,
    networkKey: networkKey.length === 0 ? undefined : networkKey,
  }
}

/** Length and checksum, so that a bad paste is told from a bad invitation. */
function checkedPayload(encoded: string): Uint8Array {
  const stray = encoded.search(/[^A-Za-z0-9_-]/)
  if (stray >= 0)
    throw bad(`a character that does not belong there, at ${start.length + stray}`, start.length + stray)
  // The last character of a cut text may hold stray bits: decode it loosely, the checksum is the judge.
  const bytes = new Uint8Array(Buffer.from(encoded, 'base64url'))
  const reader = new ByteReader(bytes)
  const length = reader.uvarint()
  if (length === undefined) throw bad('cut off right at its beginning')
  const got = reader.rest().length
  const wanted = length + checksumBytes
  if (got < wanted) throw bad(`cut off: ${got} of ${wanted} bytes are there`)
  if (got > wanted) throw bad(`too long: ${got} bytes instead of ${wanted}; is something pasted behind it?`)
  const payload = bytes.subarray(-wanted, -checksumBytes)
  if (
    !equalBytes(bytes.subarray(-checksumBytes), checksum(payload)) ||
    base64UrlDecode(encoded) === undefined
  ) {
    throw bad('altered: its checksum does not fit')
  }
  return payload
}

function readInvitation(
  wire: Uint8Array,
  inviteSeed: Uint8Array,
): Pick<ParsedInvitationString, 'fleet' | 'id' | 'invitation'> {
  const envelope = decodeEnvelope(wire)
  if (typeof envelope === 'string' || envelope.type !== 'mig.invite.v1')
    throw bad('it holds no signed invitation')
  const parsed = parseCanonical(envelope.body, maxOtherBodyBytes)
  if (parsed.kind === 'fault') throw bad('its invitation is not canonical')
  const invitation = parseInvitationBody(parsed.value)
  if (typeof invitation === 'string') throw bad(`its invitation is malformed: ${invitation}`)
  if (!equalBytes(ed25519PublicKey(inviteSeed), invitation.invitekey))
    throw bad('its private key does not belong to its invitation')
  return { fleet: invitation.fleet, id: documentId(envelope), invitation }
}

function checksum(payload: Uint8Array): Uint8Array {
  return createHash('sha256').update(payload).digest().subarray(0, checksumBytes)
}

function bad(reason: string, position?: number): MigError {
  const hint = 'copy the whole line that `mig invite` printed, from mig1- to its end'
  return new MigError('bad-invitation', `the invitation cannot be read: ${reason}`, {
    hint,
    ...(position === undefined ? {} : { position }),
  })
}
