import { mkdir } from 'node:fs/promises'
import { canonicalBytes } from '../../node/core/canonical-json.ts'
import { utf8 } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import { writePrivateFile } from '../../node/store/private-file.ts'
import { openPrivateDirectory } from '../../node/store/state-directory.ts'
import { checkPolicyDraft, openPolicy, openRoot } from '../../node/verification/trusted-policy.ts'
import type { CommandContext } from '../context.ts'
import { signerOf } from '../signing.ts'
import { fleetFiles, readFleetFile } from './fleet-directory.ts'
import { knownModules } from './known-modules.ts'
import { makePolicyBody, makeRootBody } from './new-fleet.ts'
import type { PersonKey } from './people.ts'
import { signDocument } from './sign-document.ts'

export interface NewFleet {
  readonly fleet: string
  readonly warnings: readonly string[]
}

/** @throws MigError `bad-input` when the directory holds a fleet already */
export async function assertNoFleet(path: string): Promise<void> {
  if ((await readFleetFile(fleetFiles(path).root)) === undefined) return
  throw new MigError('bad-input', `${path} holds a fleet already, and nothing there is overwritten`, {
    hint: 'mig policy show prints it; --dir DIRECTORY makes another one',
  })
}

/** Makes and signs a root and a first policy, checks that agents would take them, and writes them down. Nothing is ever overwritten.
 *  @throws MigError `bad-input` when there is a fleet already, `not-found` when too few of the people can sign here, `bad-acl` */
export async function initFleet(
  context: CommandContext,
  request: {
    readonly path: string
    readonly name: string
    readonly people: readonly PersonKey[]
    readonly threshold: number
    readonly minimums: ReadonlyMap<string, number>
  },
): Promise<NewFleet> {
  const { path, name, people, threshold, minimums } = request
  await assertNoFleet(path)
  const here = people.flatMap(({ own }) => (own === undefined ? [] : [own])).slice(0, threshold)
  if (here.length < threshold) {
    throw new MigError(
      'not-found',
      `${threshold} of the people must sign, and the keys of ${here.length} are here`,
      { hint: 'name yourself: --person FINGERPRINT (mig key list)' },
    )
  }
  const signers = here.map((key) => signerOf(context, key))
  const issuedat = context.clock.now()
  const rootBody = makeRootBody({ name, people, threshold, issuedat, nonce: context.random.bytes(16) })
  const rootWire = await signDocument('mig.root.v1', canonicalBytes(rootBody), signers)
  const root = await openRoot(rootWire, undefined, context.clock.now())
  if (root.kind !== 'accept') throw new MigError('bad-policy', `the root is not accepted: ${root.detail}`)
  const { fleet } = root.value
  const policyBody = makePolicyBody({ fleet, people, minimums, issuedat })
  const draft = await checkPolicyDraft(policyBody, root.value, knownModules, context.clock.now())
  const policyWire = await signDocument('mig.policy.v1', draft.body, signers)
  const policy = await openPolicy(policyWire, root.value, knownModules, context.clock.now())
  if (policy.kind !== 'accept')
    throw new MigError('bad-policy', `the policy is not accepted: ${policy.detail}`)

  const files = fleetFiles(path)
  await openPrivateDirectory(path)
  await mkdir(files.invitations, { recursive: true, mode: 0o700 })
  await writePrivateFile(files.policy, policyWire)
  await writePrivateFile(files.policyJson, utf8(`${JSON.stringify(policyBody, null, 2)}\n`))
  const about = 'Addresses that invitations carry and nodes dial first, one multiaddr with /p2p/<id> each.'
  await writePrivateFile(files.bootstrap, utf8(`${JSON.stringify({ about, peers: [] }, null, 2)}\n`))
  // Last: a directory with a root is a whole one.
  await writePrivateFile(files.root, rootWire)
  return { fleet, warnings: draft.warnings }
}
