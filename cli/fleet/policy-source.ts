import { base64Decode } from '../../node/core/encoding.ts'
import { documentId } from '../../node/core/envelope.ts'
import { MigError } from '../../node/core/error.ts'
import { replaceFile } from '../../node/store/private-file.ts'
import { openPrivateDirectory } from '../../node/store/state-directory.ts'
import {
  openPolicy,
  openRoot,
  type TrustedPolicy,
  type TrustedRoot,
} from '../../node/verification/trusted-policy.ts'
import { verifySignatures } from '../../node/verification/verify-signatures.ts'
import type { CommandContext } from '../context.ts'
import { type ServiceOptions, withService } from '../service-options.ts'
import { fleetFiles, openFleetDirectory } from './fleet-directory.ts'
import { trustedPolicy } from './invite.ts'
import { knownModules } from './known-modules.ts'
import { writePolicyJson } from './policy-file.ts'
import { type PolicyView, viewPolicy } from './policy-words.ts'
import { readEnvelope } from './sign-document.ts'

export interface HeldPolicy {
  readonly root: TrustedRoot
  readonly policy: TrustedPolicy
}

/** Root and policy as the fleet's directory has them.
 *  @throws MigError `not-found`, `bad-policy` */
export async function policyOfDirectory(context: CommandContext, path: string): Promise<HeldPolicy> {
  const fleet = await openFleetDirectory(path, context.clock.now())
  return { root: fleet.root, policy: await trustedPolicy(context, fleet) }
}

/** Root and policy in force, as the investigator's node has them.
 *  @throws MigError `not-enrolled`, `not-found` while the node has no policy yet */
export async function policyOfNode(context: CommandContext, options: ServiceOptions): Promise<HeldPolicy> {
  const about = await withService(context, options, async ({ service, isShared }) => {
    if (!isShared) await service.ready()
    return service.about()
  })
  const [rootWire, policyWire] = [about.rootWire, about.policyWire].map((text) =>
    text === undefined ? undefined : base64Decode(text),
  )
  if (rootWire === undefined || policyWire === undefined) {
    throw new MigError('not-found', 'the investigator’s node has no policy yet', {
      hint: 'it fetches it from the first member that it reaches: mig doctor',
    })
  }
  const now = context.clock.now()
  const root = await openRoot(rootWire, about.fleet, now)
  if (root.kind !== 'accept') throw new MigError('bad-policy', `the node's root: ${root.detail}`)
  const policy = await openPolicy(policyWire, root.value, knownModules, now)
  if (policy.kind !== 'accept') throw new MigError('bad-policy', `the node's policy: ${policy.detail}`)
  return { root: root.value, policy: policy.value }
}

/** Writes the policy in force into a fleet's directory, which is made where there is none. What was edited there is kept beside it.
 *  @throws MigError `wrong-fleet` when the directory is another fleet's */
export async function saveToDirectory(
  context: CommandContext,
  path: string,
  held: HeldPolicy,
): Promise<void> {
  const files = fleetFiles(path)
  await openPrivateDirectory(path)
  try {
    const there = await openFleetDirectory(path, context.clock.now())
    if (there.root.fleet !== held.root.fleet)
      throw new MigError(
        'wrong-fleet',
        `${path} is fleet ${there.root.fleet}, the node is of ${held.root.fleet}`,
      )
  } catch (error) {
    if (!(error instanceof MigError) || error.code !== 'not-found') throw error
    await replaceFile(files.root, held.root.bytes)
  }
  await replaceFile(files.policy, held.policy.bytes)
  await writePolicyJson(files.policyJson, readEnvelope(held.policy.bytes, 'mig.policy.v1', files.policy).body)
}

/** As it is shown to people. */
export async function viewHeld(context: CommandContext, { root, policy }: HeldPolicy): Promise<PolicyView> {
  const envelope = readEnvelope(policy.bytes, 'mig.policy.v1', 'the policy')
  const { persons } = await verifySignatures(envelope, root.keyring, {
    issuedAt: policy.policy.issuedat,
    now: context.clock.now(),
  })
  return viewPolicy(policy.policy, {
    fleetName: root.root.name,
    hash: documentId(envelope),
    signers: [...persons].sort(),
    threshold: root.root.threshold,
  })
}
