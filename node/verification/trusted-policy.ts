import { type Admission, accept, ignore, reject } from '../core/admission.ts'
import { canonicalBytes } from '../core/canonical-json.ts'
import type { Instant } from '../core/clock.ts'
import { documentId } from '../core/envelope.ts'
import { MigError, messageOf } from '../core/error.ts'
import { plusSeconds } from '../core/instant.ts'
import { clockToleranceSeconds, maxPolicyBytes, maxPolicyVersionJump } from '../core/limits.ts'
import { parsePolicyBody, parseRootBody, type Root } from '../core/policy.ts'
import { type Keyring, readKeyring } from './keyring.ts'
import { checkFleet, checkVersion, openDocument } from './open-document.ts'
import { type PolicyContents, readPolicy, warningsOf } from './policy-contents.ts'
import { type SignerSet, verifySignatures } from './verify-signatures.ts'

/** A root whose own people signed it: who may sign policies of this fleet. */
export interface TrustedRoot {
  readonly root: Root
  readonly hash: string
  /** The first root's hash. */
  readonly fleet: string
  readonly keyring: Keyring
  /** The envelope as it is stored and sent. */
  readonly bytes: Uint8Array
}

/** A policy that enough people of the root signed. */
export interface TrustedPolicy extends PolicyContents {
  readonly hash: string
  readonly version: number
  readonly fleet: string
  /** The envelope as it is stored and sent. */
  readonly bytes: Uint8Array
}

/** A policy that would be accepted once it is signed. */
export interface TrustedPolicyDraft extends PolicyContents {
  /** What will be signed. */
  readonly body: Uint8Array
  readonly hash: string
  /** What is allowed but probably not meant: people whose keys cannot sign or cannot be read to. */
  readonly warnings: readonly string[]
}

/** Opens a root. With `fleet` it is trusted by its hash, and a key that has expired since it signed does no harm.
 *  @param fleet the name to expect; undefined only where a fleet is being made
 *  @see docs/protocol.md 1.1, 5.1 */
export async function openRoot(
  wire: Uint8Array,
  fleet: string | undefined,
  now: Instant,
): Promise<Admission<TrustedRoot>> {
  const opened = openDocument(wire, 'mig.root.v1')
  if (opened.kind !== 'accept') return opened
  const { envelope, value } = opened.value
  const hash = documentId(envelope)
  if (fleet !== undefined && hash !== fleet) return reject('wrong-fleet', `this root names the fleet ${hash}`)
  const otherVersion = checkVersion(value, 'v', 1)
  if (otherVersion !== undefined) return otherVersion
  const root = parseRootBody(value)
  if (typeof root === 'string') return ignore('bad-schema', root)
  if (root.version !== 1) return ignore('unsupported', 'chains of roots are not supported yet')
  const keyring = await attempt(() => readKeyring(root.people, new Set()))
  if (typeof keyring === 'string') return ignore('bad-schema', keyring)
  const pinned = fleet === undefined ? {} : ({ pinned: true } as const)
  const signers = await verifySignatures(envelope, keyring, { issuedAt: root.issuedat, now, ...pinned })
  return enough(signers, root.threshold) ?? accept({ root, hash, fleet: hash, keyring, bytes: wire })
}

/** Opens a policy that travelled, or that lies in this node's own store.
 *  @param knownModules every module name that this version knows
 *  @param now for a policy that this node has accepted before, the time when it did: a key that expires later changes nothing
 *  @see docs/protocol.md 4.4, 5.1 */
export async function openPolicy(
  wire: Uint8Array,
  root: TrustedRoot,
  knownModules: ReadonlySet<string>,
  now: Instant,
): Promise<Admission<TrustedPolicy>> {
  const opened = openDocument(wire, 'mig.policy.v1')
  if (opened.kind !== 'accept') return opened
  const { envelope, value } = opened.value
  const refused = checkFleet(value, root.fleet) ?? checkVersion(value, 'v', 1)
  if (refused !== undefined) return refused
  const policy = parsePolicyBody(value)
  if (typeof policy === 'string') return ignore('bad-schema', policy)
  if (policy.issuedat > plusSeconds(now, clockToleranceSeconds))
    return ignore('not-yet-valid', 'issued in the future')
  const signers = await verifySignatures(envelope, root.keyring, { issuedAt: policy.issuedat, now })
  const unsigned = enough(signers, root.root.threshold)
  if (unsigned !== undefined) return unsigned
  const contents = await attempt(() => readPolicy(policy, knownModules))
  if (typeof contents === 'string') return ignore('bad-schema', contents)
  return accept({
    ...contents,
    hash: documentId(envelope),
    version: policy.version,
    fleet: root.fleet,
    bytes: wire,
  })
}

/** `mig policy check`: everything that `openPolicy` asks of a policy but its signatures.
 *  @param body as it was parsed from a file
 *  @param now without it nobody can say whose key has expired, and there are no warnings
 *  @throws MigError `bad-policy`, `bad-acl` or `wrong-fleet` */
export async function checkPolicyDraft(
  body: unknown,
  root: Pick<TrustedRoot, 'fleet'>,
  knownModules: ReadonlySet<string>,
  now?: Instant,
): Promise<TrustedPolicyDraft> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new MigError('bad-policy', 'a policy is a JSON object')
  const bytes = bodyBytes(body)
  const policy = parsePolicyBody(body)
  if (typeof policy === 'string')
    throw new MigError(policy.startsWith('acl') ? 'bad-acl' : 'bad-policy', policy)
  if (policy.fleet !== root.fleet)
    throw new MigError('wrong-fleet', `the policy is for fleet ${policy.fleet}, the root for ${root.fleet}`)
  const contents = await readPolicy(policy, knownModules)
  const hash = documentId({ type: 'mig.policy.v1', body: bytes })
  return {
    ...contents,
    body: bytes,
    hash,
    warnings: now === undefined ? [] : await warningsOf(contents, now),
  }
}

/** May `next` take the place of `current`? Versions only grow.
 *  @see docs/protocol.md 5.1 */
export function succeeds(current: TrustedPolicy | undefined, next: TrustedPolicy): Admission<TrustedPolicy> {
  if (current === undefined) return accept(next)
  if (next.fleet !== current.fleet) return reject('wrong-fleet', 'policy of another fleet')
  if (next.hash === current.hash) return ignore('already-held', `policy version ${current.version}`)
  if (next.version === current.version)
    return ignore(
      'equivocation',
      `two policies of version ${current.version}: ${current.hash} and ${next.hash}`,
    )
  if (next.version < current.version)
    return ignore('older', `policy version ${next.version}, version ${current.version} is held`)
  if (next.version - current.version > maxPolicyVersionJump) {
    return ignore(
      'not-permitted',
      `policy version ${next.version} is more than ${maxPolicyVersionJump} above ${current.version}`,
    )
  }
  return accept(next)
}

function enough(signers: SignerSet, threshold: number): Admission<never> | undefined {
  if (signers.persons.size >= threshold) return undefined
  const faults = signers.faults.length === 0 ? '' : ` (${signers.faults.join('; ')})`
  const code = signers.known === 0 ? 'unknown-signer' : 'no-valid-signature'
  return ignore(
    code,
    `signed by ${signers.persons.size} of the ${threshold} people that the root asks for${faults}`,
  )
}

/** What is wrong with a document from outside is a value, not an exception. */
async function attempt<T extends object>(read: () => Promise<T>): Promise<T | string> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof MigError) return error.message
    throw error
  }
}

function bodyBytes(body: object): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = canonicalBytes(body)
  } catch (error) {
    throw new MigError('bad-policy', messageOf(error), { cause: error })
  }
  if (bytes.length > maxPolicyBytes)
    throw new MigError(
      'bad-policy',
      `the policy has ${bytes.length} bytes, at most ${maxPolicyBytes} are allowed`,
    )
  return bytes
}
