import { modules } from '../../modules/registry.ts'
import type { Instant } from '../../node/core/clock.ts'
import { base64Decode } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import type { InvestigatorService } from '../../node/roles/service.ts'
import { openPolicy, openRoot, type TrustedPolicy } from '../../node/verification/trusted-policy.ts'

/** The policy in force at the node, checked again here: from the fleet's name over the root to its signatures.
 *  @throws MigError `not-enrolled`, `bad-policy` */
export async function policyOf(service: InvestigatorService, now: Instant): Promise<TrustedPolicy> {
  const { fleet, rootWire, policyWire } = await service.about()
  if (rootWire === undefined || policyWire === undefined)
    throw new MigError('not-enrolled', 'this node has no policy yet', {
      hint: 'it is fetched from the first member that it reaches: mig mesh peers',
    })
  const root = await openRoot(base64Decode(rootWire) ?? new Uint8Array(), fleet, now)
  if (root.kind !== 'accept')
    throw new MigError('bad-policy', `the node's root is not accepted: ${root.detail}`)
  const known = new Set(modules.map(({ name }) => name))
  const policy = await openPolicy(base64Decode(policyWire) ?? new Uint8Array(), root.value, known, now)
  if (policy.kind !== 'accept')
    throw new MigError('bad-policy', `the node's policy is not accepted: ${policy.detail}`)
  return policy.value
}
