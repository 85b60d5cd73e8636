import { type Acl, describeWeighing, type PersonName, type Weighing, weigh } from '../core/acl.ts'
import type { Action } from '../core/action.ts'
import { summaryBytesOf } from '../core/action.ts'
import type { Json } from '../core/canonical-json.ts'
import type { Instant } from '../core/clock.ts'
import { MigError } from '../core/error.ts'
import { formatInstant, plusSeconds } from '../core/instant.ts'
import {
  clockToleranceSeconds,
  defaultCpuSeconds,
  defaultMatches,
  defaultOutputBytes,
  defaultWallSeconds,
  maxReasonChars,
  maxResultTtlSeconds,
} from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { TrustedPolicy } from './trusted-policy.ts'
import type { VerifiedAction } from './verify-action.ts'

declare const proof: unique symbol

/** An action that may run here: only this file makes one, and the runner takes nothing else. */
export interface AuthorizedAction {
  readonly [proof]: 'authorized'
  readonly id: string
  readonly action: Action
  /** Whose signatures count under the policy that let it through. */
  readonly signers: ReadonlySet<PersonName>
  readonly policyVersion: number
}

/** Upper bounds of one run: what the policy allows, tightened by the action. */
export interface RunLimits {
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly matches: number
  readonly bytes: number
  readonly summaryBytes: number
  readonly resultTtlSeconds: number
}

/** Why an action does not run here; the first word of a refusal's reason. */
export type RefusalCode =
  | 'expired'
  | 'policy-mismatch'
  | 'bad-target'
  | 'module-unavailable'
  | 'not-permitted'
  | 'bad-parameters'

export type Authorization =
  | { readonly kind: 'authorized'; readonly action: AuthorizedAction; readonly limits: RunLimits }
  /** `reason` holds the arithmetic, at most 400 characters. */
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly reason: string }
  | { readonly kind: 'not-targeted' }
  /** Ask again: at `until`, or when the policy has changed. */
  | { readonly kind: 'hold'; readonly until?: Instant; readonly code: 'not-yet-valid' | 'policy-behind' }

export interface ModuleRule {
  /** Never granted by the ACL's `default` entry. */
  readonly sensitive: boolean
  /** @returns one sentence on what is wrong, or undefined */
  readonly checkParameters: (parameters: Json) => string | undefined
}

export interface Place {
  readonly policy: TrustedPolicy
  readonly now: Instant
  readonly peer: PeerId
  /** @throws MigError `bad-target` */
  readonly isTargeted: (action: Action) => boolean
  readonly modules: ReadonlyMap<string, ModuleRule>
}

/** May it run here? Judged by this node's policy, after the action has travelled on.
 *  The replay memory and the budget are the gate's; everything else of clause 4.3 is here.
 *  @see docs/protocol.md 4.3 */
export function authorizeAction(verified: VerifiedAction, here: Place): Authorization {
  const { action } = verified
  const { policy, now } = here
  if (now > plusSeconds(action.expireafter, clockToleranceSeconds))
    return refuse('expired', `it expired at ${formatInstant(action.expireafter)}`)
  // P3.6 held until validfrom
  if (now < action.validfrom) return { kind: 'hold', until: action.validfrom, code: 'not-yet-valid' }
  // P5.2 an action drags a frozen agent forward
  if (action.policymin.version > policy.version) return { kind: 'hold', code: 'policy-behind' }
  if (action.policymin.version === policy.version && action.policymin.hash !== policy.hash) {
    return refuse('policy-mismatch', `it was made under another policy of version ${policy.version}`)
  }
  const target = checkTarget(action, here)
  if (target !== 'targeted') return target
  const signers = currentSigners(verified, policy)
  // P4.3 every operation is weighed before anything is decided: no partial run
  const refused = checkOperations(action, signers, here)
  if (refused !== undefined) return refused
  const plain = { id: verified.id, action, signers, policyVersion: policy.version }
  // The one place where the proof is given: everything above has been checked.
  return {
    kind: 'authorized',
    action: plain as Omit<AuthorizedAction, typeof proof> as AuthorizedAction,
    limits: runLimits(action, policy),
  }
}

export interface OperationWeighing {
  readonly module: string
  readonly weighing: Weighing
}

/** The arithmetic of an action, an operation each, in their order: what `mig action explain` shows.
 *  @param isSensitive modules that it does not know count as sensitive where the caller says so */
export function weighAction(
  action: Pick<Action, 'operations'>,
  acl: Acl,
  isSensitive: (module: string) => boolean,
  persons: ReadonlySet<PersonName>,
): OperationWeighing[] {
  return action.operations.map(({ module }) => ({
    module,
    weighing: weigh(acl, module, isSensitive(module), persons),
  }))
}

/** Whose signatures count now: the newest policy says who owns a key, who is revoked and who has left (protocol 4.3). */
export function currentSigners(verified: VerifiedAction, policy: TrustedPolicy): ReadonlySet<PersonName> {
  const persons = new Set<PersonName>()
  for (const signingKey of verified.signingKeys.values()) {
    const person = policy.keyring.byAnyFingerprint(signingKey)?.person
    if (person !== undefined) persons.add(person)
  }
  return persons
}

function checkTarget(action: Action, { peer, isTargeted }: Place): 'targeted' | Authorization {
  if (action.only !== undefined && !action.only.includes(peer)) return { kind: 'not-targeted' }
  try {
    return isTargeted(action) ? 'targeted' : { kind: 'not-targeted' }
  } catch (error) {
    if (error instanceof MigError && error.code === 'bad-target') return refuse('bad-target', error.message)
    throw error
  }
}

function checkOperations(
  action: Action,
  signers: ReadonlySet<PersonName>,
  { policy, modules }: Place,
): Authorization | undefined {
  const missing = new Set(
    action.operations.map(({ module }) => module).filter((module) => !modules.has(module)),
  )
  if (missing.size > 0)
    return refuse('module-unavailable', `module ${[...missing].join(', ')} is not available here`)
  const weighings = weighAction(
    action,
    policy.acl,
    (module) => modules.get(module)?.sensitive !== false,
    signers,
  )
  const failed = new Set(
    weighings
      .filter(({ weighing }) => weighing.kind !== 'granted')
      .map(({ module, weighing }) => describeWeighing(module, weighing)),
  )
  if (failed.size > 0) return refuse('not-permitted', [...failed].join('; '))
  for (const [i, { module, parameters }] of action.operations.entries()) {
    const fault = modules.get(module)?.checkParameters(parameters)
    if (fault !== undefined) return refuse('bad-parameters', `operation ${i + 1}, module ${module}: ${fault}`)
  }
  return undefined
}

function runLimits(action: Action, { policy }: TrustedPolicy): RunLimits {
  const tightest = (allowed: number, asked: number | undefined) => Math.min(allowed, asked ?? allowed)
  return {
    wallSeconds: tightest(policy.limits.wallseconds ?? defaultWallSeconds, action.limits?.wallseconds),
    cpuSeconds: tightest(policy.limits.cpuseconds ?? defaultCpuSeconds, action.limits?.cpuseconds),
    matches: tightest(policy.limits.matches ?? defaultMatches, action.limits?.matches),
    bytes: tightest(policy.limits.bytes ?? defaultOutputBytes, action.limits?.bytes),
    summaryBytes: summaryBytesOf(action),
    resultTtlSeconds: tightest(policy.limits.resultttl ?? maxResultTtlSeconds, action.resultttl),
  }
}

function refuse(code: RefusalCode, reason: string): Authorization {
  return {
    kind: 'refused',
    code,
    reason: reason.length > maxReasonChars ? `${reason.slice(0, maxReasonChars - 1)}…` : reason,
  }
}
