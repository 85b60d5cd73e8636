import { equalBytes } from '../../node/core/bytes.ts'
import type { Instant } from '../../node/core/clock.ts'
import { documentId, type Envelope } from '../../node/core/envelope.ts'
import { MigError } from '../../node/core/error.ts'
import type { Fingerprint } from '../../node/core/fingerprint.ts'
import { formatInstant } from '../../node/core/instant.ts'
import { parsePolicyBody } from '../../node/core/policy.ts'
import { replaceFile } from '../../node/store/private-file.ts'
import { openDocument } from '../../node/verification/open-document.ts'
import { verifySignatures } from '../../node/verification/verify-signatures.ts'
import type { CommandContext } from '../context.ts'
import { chooseSigner, type SigningOptions } from '../signing.ts'
import { type FleetDirectory, readFleetFile, readPolicyJson } from './fleet-directory.ts'
import { checkDraft } from './policy-draft.ts'
import { writePolicyJson } from './policy-file.ts'
import { addSignature, readEnvelope, signDocument } from './sign-document.ts'

export interface SignedPolicy {
  readonly version: number
  readonly hash: string
  readonly signers: readonly string[]
  readonly threshold: number
  /** Somebody else's signature was there already, over the very same bytes. */
  readonly isCoSigned: boolean
  readonly warnings: readonly string[]
}

/** Signs `policy.json`. As long as it says what `policy.mig` says, a signature is added to that; otherwise it becomes the next version.
 *  @throws MigError `bad-policy`, `bad-acl`, `not-found`, `usage` when there is nothing to sign */
export async function signPolicy(
  context: CommandContext,
  fleet: FleetDirectory,
  signing: SigningOptions,
): Promise<SignedPolicy> {
  const { files, root } = fleet
  const now = context.clock.now()
  const edited = await readPolicyJson(fleet)
  const draft = await checkDraft(edited, fleet, now)
  const last = await lastSigned(fleet)
  if (last !== undefined && equalBytes(last.envelope.body, draft.body)) {
    const wire = await coSign(context, fleet, last, signing)
    return report(fleet, wire, { ...last, isCoSigned: true, warnings: draft.warnings, now })
  }
  const signer = await chooseSigner(context, { ...signing, among: keysOf(fleet, new Set()) })
  const next = await checkDraft(
    {
      ...(edited as object),
      version: (last?.version ?? 0) + 1,
      previous: last?.hash,
      issuedat: formatInstant(context.clock.now()),
    },
    fleet,
    now,
  )
  const wire = await signDocument('mig.policy.v1', next.body, [signer])
  const { version, issuedat } = next.policy
  const made = { version, issuedat, hash: next.hash, isCoSigned: false, warnings: next.warnings }
  const signed = await report(fleet, wire, { ...made, now: context.clock.now() })
  if (signed.signers.length === 0)
    throw new MigError(
      'bad-signature',
      `agents would not accept a signature of ${root.root.name} by this key`,
    )
  await replaceFile(files.policy, wire)
  await writePolicyJson(files.policyJson, next.body)
  return signed
}

interface LastSigned {
  readonly envelope: Envelope
  readonly version: number
  readonly issuedat: Instant
  readonly hash: string
}

async function coSign(
  context: CommandContext,
  fleet: FleetDirectory,
  last: LastSigned,
  signing: SigningOptions,
): Promise<Uint8Array> {
  const { threshold } = fleet.root.root
  const before = await signersOf(fleet, last.envelope, last.issuedat, context.clock.now())
  if (before.size >= threshold) {
    const { policyJson } = fleet.files
    throw new MigError('usage', `${policyJson} is version ${last.version}, and that is signed already`, {
      hint: 'change something first: mig policy edit; or send it: mig policy publish',
    })
  }
  const signer = await chooseSigner(context, { ...signing, among: keysOf(fleet, before) })
  const wire = await addSignature(last.envelope, signer)
  await replaceFile(fleet.files.policy, wire)
  return wire
}

/** Keys of the root's people, but for those who have signed. */
function keysOf(fleet: FleetDirectory, signed: ReadonlySet<string>): ReadonlySet<Fingerprint> {
  const people = fleet.root.root.people.filter((person) => !signed.has(person.name))
  return new Set(people.flatMap((person) => person.keys.map((key) => key.fingerprint)))
}

async function report(
  fleet: FleetDirectory,
  wire: Uint8Array,
  about: Omit<SignedPolicy, 'signers' | 'threshold'> & { readonly issuedat: Instant; readonly now: Instant },
): Promise<SignedPolicy> {
  const envelope = readEnvelope(wire, 'mig.policy.v1', fleet.files.policy)
  const { version, hash, isCoSigned, warnings, issuedat, now } = about
  const signers = [...(await signersOf(fleet, envelope, issuedat, now))].sort()
  return { version, hash, signers, threshold: fleet.root.root.threshold, isCoSigned, warnings }
}

async function signersOf(
  fleet: FleetDirectory,
  envelope: Envelope,
  issuedAt: Instant,
  now: Instant,
): Promise<ReadonlySet<string>> {
  return (await verifySignatures(envelope, fleet.root.keyring, { issuedAt, now })).persons
}

async function lastSigned(fleet: FleetDirectory): Promise<LastSigned | undefined> {
  const wire = await readFleetFile(fleet.files.policy)
  if (wire === undefined) return undefined
  const opened = openDocument(wire, 'mig.policy.v1')
  const at = fleet.files.policy
  if (opened.kind !== 'accept') throw new MigError('bad-policy', `${at}: ${opened.detail}`)
  const { envelope, value } = opened.value
  const policy = parsePolicyBody(value)
  if (typeof policy === 'string') throw new MigError('bad-policy', `${at}: ${policy}`)
  return { envelope, version: policy.version, issuedat: policy.issuedat, hash: documentId(envelope) }
}
