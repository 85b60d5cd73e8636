import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Role, Tags } from '../../node/core/certificate.ts'
import { MigError } from '../../node/core/error.ts'
import { plusSeconds } from '../../node/core/instant.ts'
import { writePrivateFile } from '../../node/store/private-file.ts'
import { formatInvitationString } from '../../node/verification/invitation-string.ts'
import { makeInvitationBody, verifyInvitation } from '../../node/verification/membership.ts'
import { ed25519PublicKey, generateSeed } from '../../node/verification/node-keys.ts'
import { openPolicy, type TrustedPolicy } from '../../node/verification/trusted-policy.ts'
import { verifySignatures } from '../../node/verification/verify-signatures.ts'
import type { CommandContext } from '../context.ts'
import { chooseSigner, type SigningOptions } from '../signing.ts'
import { type FleetDirectory, readPolicyWire } from './fleet-directory.ts'
import { knownModules } from './known-modules.ts'
import { signDocument } from './sign-document.ts'

export interface InvitationRequest {
  readonly role: Role
  readonly tags: Tags
  readonly maxuses: number
  readonly lifetimeMs: number
  readonly addresses: readonly string[]
}

export interface MadeInvitation {
  readonly id: string
  /** The line to paste: whoever holds it can join. */
  readonly line: string
  /** Signed, without the private half. */
  readonly wire: Uint8Array
  /** The enroller. */
  readonly person: string
}

/** Makes an invitation and signs it with the key of somebody whom the policy lets enrol nodes of this role. The signed half is kept
 *  in the fleet's directory; the private half stands in the line and nowhere else.
 *  @throws MigError `not-found` when no such key is here, `bad-invitation`, `bad-policy` */
export async function makeInvitation(
  context: CommandContext,
  fleet: FleetDirectory,
  request: InvitationRequest,
  signing: SigningOptions,
): Promise<MadeInvitation> {
  const policy = await trustedPolicy(context, fleet)
  const enrollers = policy.policy.people.filter((person) => policy.mayEnrol(person.name, request.role))
  if (enrollers.length === 0) {
    throw new MigError('bad-policy', `the policy lets nobody enrol nodes of role ${request.role}`, {
      hint: 'mig policy edit: enrollers',
    })
  }
  const among = new Set(enrollers.flatMap((person) => person.keys.map((key) => key.fingerprint)))
  const signer = await chooseSigner(context, { ...signing, among })
  const { clock, random } = context
  const issuedat = clock.now()
  const inviteSeed = generateSeed(random)
  const body = makeInvitationBody({
    fleet: fleet.root.fleet,
    role: request.role,
    tags: request.tags,
    maxuses: request.maxuses,
    issuedat,
    expires: plusSeconds(issuedat, Math.floor(request.lifetimeMs / 1000)),
    invitekey: ed25519PublicKey(inviteSeed),
  })
  const wire = await signDocument('mig.invite.v1', body, [signer])
  const now = clock.now()
  const verdict = await verifyInvitation(wire, {
    fleet: fleet.root.fleet,
    now,
    signedBy: async (document, window) =>
      (await verifySignatures(document, policy.keyring, { ...window, now })).persons,
    mayEnrol: policy.mayEnrol,
    isRevoked: () => false,
  })
  if (verdict.kind !== 'accept')
    throw new MigError('bad-invitation', `members would not accept this invitation: ${verdict.detail}`)
  const { id, person } = verdict.value
  await mkdir(fleet.files.invitations, { recursive: true, mode: 0o700 })
  await writePrivateFile(join(fleet.files.invitations, `${id}.mig`), wire)
  const line = formatInvitationString({ wire, inviteSeed, addresses: request.addresses })
  return { id, line, wire, person }
}

/** The policy that was signed last, judged as an agent would.
 *  @throws MigError `not-found`, `bad-policy` */
export async function trustedPolicy(context: CommandContext, fleet: FleetDirectory): Promise<TrustedPolicy> {
  const wire = await readPolicyWire(fleet)
  const verdict = await openPolicy(wire, fleet.root, knownModules, context.clock.now())
  if (verdict.kind === 'accept') return verdict.value
  throw new MigError('bad-policy', `${fleet.files.policy}: ${verdict.detail}`, {
    hint: 'mig policy check, then mig policy sign',
  })
}
