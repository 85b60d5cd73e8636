import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseCanonical } from '../core/canonical-json.ts'
import type { Certificate, Role } from '../core/certificate.ts'
import { parseCertificateBody } from '../core/certificate.ts'
import type { Clock, Instant, Random } from '../core/clock.ts'
import { base64UrlEncode, utf8, utf8Decode } from '../core/encoding.ts'
import { decodeEnvelope } from '../core/envelope.ts'
import { MigError } from '../core/error.ts'
import { formatInstant, plusSeconds } from '../core/instant.ts'
import { maxCertificateSeconds, maxOtherBodyBytes } from '../core/limits.ts'
import { openStateDirectory, type StateDirectory } from '../store/state-directory.ts'
import { parseInvitationString } from '../verification/invitation-string.ts'
import { signCertificate } from '../verification/membership.ts'
import { gateKeysOf, generateSeed, nodeKeysOf } from '../verification/node-keys.ts'

/** A node's state on disk. The mesh side faces the network and never holds the answer key; only agents have a gate side.
 *
 *      <state>/            0700
 *        mesh/             peer.key, certificate, invitation, bootstrap, store/
 *        gate/             answer.key, sealing.key, certificate, unborn, store/
 *      <state>.steps       0600, outside: what the gate compares its store with (protocol 7.1)
 */
export interface NodeState {
  readonly path: string
  readonly mesh: StateDirectory
  readonly gate: StateDirectory | undefined
  readonly certificate: Certificate
  readonly certificateWire: Uint8Array
}

export interface Enrolment {
  readonly state: string
  readonly role: Role
  readonly invitation: string
  readonly name: string
}

/** Makes a node's keys on this machine and its certificate from a pasted invitation. No network is needed: whoever it dials first
 *  judges the certificate.
 *  @throws MigError `bad-invitation`, `expired`, `usage` when the directory holds a node already or the invitation is for another role */
export async function enrolNode(
  request: Enrolment,
  ports: { readonly clock: Clock; readonly random: Random },
): Promise<NodeState> {
  const { clock, random } = ports
  const invitation = parseInvitationString(request.invitation)
  const now = clock.now()
  if (invitation.invitation.role !== request.role) {
    throw new MigError(
      'bad-invitation',
      `this invitation is for the role ${invitation.invitation.role}, not ${request.role}`,
      { hint: `mig ${invitation.invitation.role} enrol …` },
    )
  }
  if (invitation.invitation.expires < now) {
    throw new MigError(
      'expired',
      `this invitation expired at ${formatInstant(invitation.invitation.expires)}`,
      { hint: 'ask for a new one: mig invite' },
    )
  }
  const mesh = await openStateDirectory(join(request.state, 'mesh'), request.role)
  if ((await mesh.read('certificate')) !== undefined) {
    throw new MigError('usage', `${request.state} holds an enrolled node already`, {
      hint: 'choose another --state, or remove the directory to enrol anew',
    })
  }
  const peer = nodeKeysOf(generateSeed(random))
  const isAgent = request.role === 'agent'
  // A node without a gate answers with its peer key (protocol 2.3).
  const gateKeys = gateKeysOf(isAgent ? generateSeed(random) : peer.peerSeed, generateSeed(random))
  const start = (Math.floor(now / 1000) * 1000) as Instant
  const certificateWire = signCertificate(
    {
      v: 1,
      fleet: invitation.fleet,
      role: request.role,
      name: request.name,
      peerid: peer.peerId,
      answerkey: base64UrlEncode(gateKeys.answerKey),
      sealingkey: base64UrlEncode(gateKeys.sealingKey),
      tags: invitation.invitation.tags,
      serial: 1,
      notbefore: formatInstant(start),
      notafter: formatInstant(plusSeconds(start, maxCertificateSeconds - 86_400)),
      invite: invitation.id,
    },
    invitation.inviteSeed,
    peer.peerSeed,
  )
  let gate: StateDirectory | undefined
  if (isAgent) {
    gate = await openStateDirectory(join(request.state, 'gate'), 'gate')
    await gate.create('answer.key', gateKeys.answerSeed)
    await gate.create('sealing.key', gateKeys.sealingSeed)
    await gate.create('certificate', certificateWire)
    // Says that no gate has ever run on these keys; the first start takes it away.
    await gate.create('unborn', utf8('\n'))
  }
  await mesh.create('peer.key', peer.peerSeed)
  await mesh.create('invitation', invitation.wire)
  await mesh.create('bootstrap', utf8(`${invitation.addresses.join('\n')}\n`))
  // Last: a directory with a certificate is a whole one.
  await mesh.create('certificate', certificateWire)
  return { path: request.state, mesh, gate, certificate: readCertificate(certificateWire), certificateWire }
}

/** Opens what `enrolNode` made.
 *  @throws MigError `not-enrolled`, `state-mode`, `bad-certificate` */
export async function openNodeState(path: string, role: Role): Promise<NodeState> {
  const state = await openMeshState(path, role)
  if (role !== 'agent') return state
  return { ...state, gate: await openStateDirectory(join(path, 'gate'), 'gate') }
}

/** The part of it that the process which faces the network may see; it has no right to the gate's.
 *  @throws MigError `not-enrolled`, `state-mode`, `bad-certificate` */
export async function openMeshState(path: string, role: Role): Promise<NodeState> {
  const mesh = await openStateDirectory(join(path, 'mesh'), role)
  const certificateWire = await mesh.read('certificate')
  if (certificateWire === undefined) {
    throw new MigError('not-enrolled', `${path} holds no enrolled ${role}`, {
      hint: `mig ${role} enrol <invitation>`,
    })
  }
  return { path, mesh, gate: undefined, certificate: readCertificate(certificateWire), certificateWire }
}

/** @throws MigError `not-enrolled` naming the file that is missing */
export async function needFile(directory: StateDirectory, name: string): Promise<Uint8Array> {
  const bytes = await directory.read(name)
  if (bytes === undefined)
    throw new MigError('not-enrolled', `${directory.file(name)} is missing`, {
      hint: 'the state directory is not whole: enrol anew in another one',
    })
  return bytes
}

/** Addresses that the invitation named; one a line. */
export async function readBootstrap(mesh: StateDirectory): Promise<readonly string[]> {
  const text = utf8Decode((await mesh.read('bootstrap')) ?? new Uint8Array(0)) ?? ''
  return text.split('\n').filter((line) => line !== '')
}

/** The node's own certificate, as it stands on its disk. */
export function readCertificate(wire: Uint8Array): Certificate {
  const envelope = decodeEnvelope(wire)
  const parsed = typeof envelope === 'string' ? undefined : parseCanonical(envelope.body, maxOtherBodyBytes)
  const certificate = parsed?.kind === 'ok' ? parseCertificateBody(parsed.value) : 'it cannot be read'
  if (typeof certificate === 'string')
    throw new MigError('bad-certificate', `this node's certificate: ${certificate}`)
  return certificate
}

/** Takes the mark of a first start away, once the gate's store stands. */
export async function markBorn(gate: StateDirectory): Promise<void> {
  await rm(gate.file('unborn'), { force: true })
}
