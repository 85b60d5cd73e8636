import type { PersonName } from '../core/acl.ts'
import { type Action, parseActionBody } from '../core/action.ts'
import { describeFault, parseCanonical } from '../core/canonical-json.ts'
import type { Instant } from '../core/clock.ts'
import { decodeEnvelope, documentId, maxBodyBytes } from '../core/envelope.ts'
import { MigError } from '../core/error.ts'
import type { TrustedPolicy } from '../verification/trusted-policy.ts'
import { verifySignatures } from '../verification/verify-signatures.ts'

/** Reads an action that may be unsigned or half-signed, for people to look at.
 *  @throws MigError `bad-action`, `wrong-fleet` */
export async function readAction(
  wire: Uint8Array,
  context: { readonly fleet: string; readonly policy: TrustedPolicy; readonly now: Instant },
): Promise<{
  readonly id: string
  readonly action: Action
  readonly signers: ReadonlySet<PersonName>
  readonly faults: readonly string[]
}> {
  const envelope = decodeEnvelope(wire)
  if (typeof envelope === 'string') throw new MigError('bad-action', `the action cannot be read: ${envelope}`)
  const parsed = parseCanonical(envelope.body, maxBodyBytes('mig.action.v3'))
  if (parsed.kind === 'fault') throw new MigError('bad-action', describeFault(parsed.fault))
  const action = parseActionBody(parsed.value)
  if (typeof action === 'string') throw new MigError('bad-action', action)
  if (action.fleet !== context.fleet)
    throw new MigError(
      'wrong-fleet',
      `the action is for fleet ${action.fleet}, this node is of ${context.fleet}`,
    )
  const window = { issuedAt: action.issuedat, expireAfter: action.expireafter, now: context.now }
  const { persons, faults } = await verifySignatures(envelope, context.policy.keyring, window)
  return { id: documentId(envelope), action, signers: persons, faults }
}
