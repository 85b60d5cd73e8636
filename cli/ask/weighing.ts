import { findModule } from '../../modules/registry.ts'
import type { Instant } from '../../node/core/clock.ts'
import type { Fingerprint } from '../../node/core/fingerprint.ts'
import type { TrustedPolicy } from '../../node/verification/trusted-policy.ts'
import { verifySignatures } from '../../node/verification/verify-signatures.ts'
import { type Weight, weightsOf } from '../views/weights.ts'
import { type ActionFile, envelopeOf } from './action-file.ts'

/** Whose signatures on a file hold, and what is wrong with the others. */
export interface CheckedSigners {
  readonly persons: ReadonlySet<string>
  /** One sentence for every signature that does not count. */
  readonly faults: readonly string[]
}

export async function checkSigners(
  file: ActionFile,
  policy: TrustedPolicy,
  now: Instant,
): Promise<CheckedSigners> {
  const { action } = file
  const { persons, faults } = await verifySignatures(envelopeOf(file), policy.keyring, {
    issuedAt: action.issuedat,
    expireAfter: action.expireafter,
    now,
  })
  return { persons, faults }
}

/** The arithmetic as it would be with these signers.
 *  @param also the key that is about to sign */
export function weighFor(
  action: { readonly operations: readonly { readonly module: string }[] },
  policy: TrustedPolicy,
  persons: ReadonlySet<string>,
  also?: Fingerprint,
): readonly Weight[] {
  const me = also === undefined ? undefined : policy.keyring.byAnyFingerprint(also)?.person
  return weightsOf(
    action,
    policy.acl,
    (module) => findModule(module)?.sensitive ?? true,
    me === undefined ? persons : new Set([...persons, me]),
    (person) => policy.keyring.keysOf(person).length > 0,
  )
}
