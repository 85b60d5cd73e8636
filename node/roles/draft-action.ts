import { parseParameters } from '../../modules/parameters.ts'
import { findModule, modules } from '../../modules/registry.ts'
import { type ActionBody, parseActionBody } from '../core/action.ts'
import { canonicalBytes } from '../core/canonical-json.ts'
import type { Instant, Random } from '../core/clock.ts'
import { base64UrlEncode } from '../core/encoding.ts'
import { documentId } from '../core/envelope.ts'
import { MigError, messageOf } from '../core/error.ts'
import type { Fingerprint } from '../core/fingerprint.ts'
import { formatInstant, plusSeconds } from '../core/instant.ts'
import { defaultResultTtlSeconds, maxReaders } from '../core/limits.ts'
import { nearest } from '../core/nearest.ts'
import type { PeerId } from '../core/peer-id.ts'
import { parseTarget } from '../core/target.ts'
import type { PgpKey } from '../verification/keyring.ts'
import { x25519PublicKey } from '../verification/node-keys.ts'
import { sealReplyKey } from '../verification/reply-keys.ts'
import type { TrustedPolicy } from '../verification/trusted-policy.ts'
import type { DraftRequest } from './service.ts'

export interface DraftedAction {
  readonly id: string
  readonly body: Uint8Array
  readonly replySeed: Uint8Array
  readonly replyKeys: readonly Uint8Array[]
  readonly unableToRead: readonly string[]
}

/** Makes a fresh action: checks every module's parameters and the target, opens a window, makes a reply key for the readers.
 *  @throws MigError `unknown-module`, `bad-parameters`, `bad-regex`, `bad-target` (each with the position), `unknown-person`, `bad-action` */
export async function draftAction(
  request: DraftRequest,
  context: {
    readonly fleet: string
    readonly origin: PeerId
    readonly policy: TrustedPolicy
    readonly now: Instant
    readonly random: Random
    readonly only: readonly PeerId[] | undefined
  },
): Promise<DraftedAction> {
  const { policy, now } = context
  await parseTarget(request.target)
  const operations = request.operations.map((operation) => {
    const definition = findModule(operation.module)
    if (definition === undefined) {
      const near = nearest(
        operation.module,
        modules.map((module) => module.name),
      )
      throw new MigError(
        'unknown-module',
        `there is no module '${operation.module}'`,
        near === undefined ? {} : { hint: `did you mean '${near}'?` },
      )
    }
    const parameters = definition.normalise?.(operation.parameters) ?? operation.parameters
    parseParameters(definition, parameters)
    return { module: operation.module, parameters: parameters as typeof operation.parameters }
  })
  const { keys, unableToRead } = await readersOf(request, policy, now)
  const replySeed = context.random.bytes(32)
  // Whole seconds: a time that prints differently would be another action.
  const issued = plusSeconds((Math.floor(now / 1000) * 1000) as Instant, 0)
  const body: ActionBody = {
    syntaxversion: 3,
    fleet: context.fleet,
    nonce: base64UrlEncode(context.random.bytes(16)),
    name: request.name,
    target: request.target,
    ...(request.description === undefined
      ? {}
      : { description: request.description as ActionBody['description'] }),
    ...(request.threat === undefined ? {} : { threat: request.threat as ActionBody['threat'] }),
    issuedat: formatInstant(issued),
    validfrom: formatInstant(issued),
    expireafter: formatInstant(plusSeconds(issued, request.expireSeconds)),
    operations,
    origin: context.origin,
    ...(request.limits === undefined ? {} : { limits: request.limits }),
    replyto: {
      x25519: base64UrlEncode(x25519PublicKey(replySeed)),
      readers: keys.map((key) => key.fingerprint),
    },
    resultttl: policy.policy.limits.resultttl ?? defaultResultTtlSeconds,
    policymin: { version: policy.version, hash: policy.hash },
    stoppers: request.drafter === undefined ? [] : [request.drafter],
    ...(context.only === undefined ? {} : { only: [...context.only] }),
    ...(request.case === undefined ? {} : { case: request.case }),
  }
  const fault = parseActionBody(body)
  if (typeof fault === 'string') throw new MigError('bad-action', fault)
  const bytes = signable(body)
  return {
    id: documentId({ type: 'mig.action.v3', body: bytes }),
    body: bytes,
    replySeed,
    replyKeys: [await sealReplyKey(replySeed, keys, now)],
    unableToRead,
  }
}

/** A control character in a title or a pattern has no canonical form: the person can change it. */
function signable(body: ActionBody): Uint8Array {
  try {
    return canonicalBytes(body)
  } catch (cause) {
    throw new MigError('bad-action', `the action cannot be signed: ${messageOf(cause)}`, { cause })
  }
}

/** Those whom the request names, else everybody with weight in the action's modules (protocol 3.4). */
async function readersOf(
  request: DraftRequest,
  policy: TrustedPolicy,
  now: Instant,
): Promise<{ keys: readonly PgpKey[]; unableToRead: string[] }> {
  const wanted = new Set<string>()
  if (request.readers !== undefined && request.readers.length > 0)
    for (const name of request.readers) wanted.add(personNamed(name, policy))
  else {
    for (const { module } of request.operations) {
      const grant = policy.acl.get(module) ?? policy.acl.get('default')
      for (const person of grant?.weights.keys() ?? []) wanted.add(person)
    }
  }
  const keys: PgpKey[] = []
  const unableToRead: string[] = []
  for (const person of wanted) {
    let readable = false
    for (const key of policy.keyring.keysOf(person)) {
      if (!(await key.canEncrypt(now))) continue
      readable = true
      keys.push(key)
    }
    if (!readable) unableToRead.push(person)
  }
  if (keys.length === 0)
    throw new MigError('unknown-person', 'nobody could read the answers: no reader has an encryption key', {
      hint: 'name a reader with --reader',
    })
  return { keys: keys.slice(0, maxReaders), unableToRead }
}

function personNamed(name: string, policy: TrustedPolicy): string {
  const byFingerprint = policy.keyring.peopleByFingerprint.get(name.toUpperCase() as Fingerprint)
  if (byFingerprint !== undefined) return byFingerprint
  const people = policy.policy.people.map((person) => person.name)
  if (people.includes(name)) return name
  throw new MigError('unknown-person', `the policy knows no '${name}'`, {
    hint: `people: ${people.join(', ')}`,
  })
}
