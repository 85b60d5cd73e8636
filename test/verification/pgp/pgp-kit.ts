import { randomBytes } from 'node:crypto'
import {
  type Config,
  config,
  createMessage,
  enums,
  generateKey,
  type KeyOptions,
  type PartialConfig,
  type PrivateKey,
  type PublicKey,
  SignaturePacket,
  sign,
} from 'openpgp'
import type { ActionBody } from '../../../node/core/action.ts'
import type { Admission } from '../../../node/core/admission.ts'
import { canonicalBytes } from '../../../node/core/canonical-json.ts'
import type { Instant } from '../../../node/core/clock.ts'
import { base64Encode, utf8 } from '../../../node/core/encoding.ts'
import { documentId, encodeEnvelope, type PayloadType, preAuthEncoding } from '../../../node/core/envelope.ts'
import { formatInstant, parseInstant, plusSeconds } from '../../../node/core/instant.ts'
import { peerIdOf } from '../../../node/core/peer-id.ts'
import type { PolicyBody, RootBody } from '../../../node/core/policy.ts'
import {
  openPolicy,
  openRoot,
  type TrustedPolicy,
  type TrustedRoot,
} from '../../../node/verification/trusted-policy.ts'

export const now = parseInstant('2026-11-24T05:00:00Z') as Instant
export const at = (seconds: number): Instant => plusSeconds(now, seconds)
export const keysMadeAt = new Date('2026-01-01T00:00:00Z')
export const knownModules = new Set(['file', 'netstat', 'memory', 'example'])
export const agent = peerIdOf(new Uint8Array(32).fill(7))
export const origin = peerIdOf(new Uint8Array(32).fill(9))

/** A private key as this project makes them, dated before `now`. */
export async function aKey(
  name: string,
  options: Partial<KeyOptions> & { config?: PartialConfig } = {},
): Promise<PrivateKey> {
  const { privateKey } = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: [{ name, email: `${name.toLowerCase().replaceAll(' ', '.')}@example.org` }],
    date: keysMadeAt,
    ...options,
    format: 'object',
  } as KeyOptions & { format: 'object' })
  return privateKey
}

export const fingerprintOf = (key: PublicKey): string => key.getFingerprint().toUpperCase()

export function aPerson(name: string, ...keys: PublicKey[]): PolicyBody['people'][number] {
  return {
    name,
    keys: keys.map((key) => ({
      fingerprint: fingerprintOf(key),
      certificate: base64Encode(key.toPublic().write()),
    })),
  }
}

/** MIG's ACL entry: `grant(2, { alice: [key, 1] })`. */
export function grant(minimumweight: number, investigators: Record<string, readonly [PublicKey, number]>) {
  const entries = Object.entries(investigators).map(([name, [key, weight]]) => [
    name,
    { fingerprint: fingerprintOf(key), weight },
  ])
  return {
    minimumweight,
    investigators: Object.fromEntries(entries) as Record<string, { fingerprint: string; weight: number }>,
  }
}

export interface SignOptions {
  readonly date?: Instant
  readonly config?: PartialConfig
  readonly detached?: boolean
  readonly notations?: { name: string; value: Uint8Array; humanReadable: boolean; critical: boolean }[]
}

/** One binary detached signature, dated `now`. */
export async function signBytes(
  bytes: Uint8Array,
  key: PrivateKey,
  options: SignOptions = {},
): Promise<Uint8Array> {
  return sign({
    message: await createMessage({ binary: bytes }),
    signingKeys: key,
    detached: options.detached ?? true,
    format: 'binary',
    date: new Date(options.date ?? now),
    ...(options.notations === undefined ? {} : { signatureNotations: options.notations }),
    ...(options.config === undefined ? {} : { config: options.config }),
  })
}

/** A signature packet made by hand, for what `sign` would refuse to make. */
export async function signByHand(
  bytes: Uint8Array,
  key: PrivateKey,
  change: Partial<SignaturePacket> = {},
  options: { date?: Instant; subkey?: number } = {},
): Promise<Uint8Array> {
  const packet = new SignaturePacket()
  const signer = options.subkey === undefined ? key.keyPacket : key.subkeys[options.subkey]?.keyPacket
  if (signer === undefined) throw new Error('no such subkey')
  const message = await createMessage({ binary: bytes })
  Object.assign(packet, {
    signatureType: enums.signature.binary,
    publicKeyAlgorithm: signer.algorithm,
    hashAlgorithm: enums.hash.sha512,
    ...change,
  })
  await signPacket(packet, signer, message.packets[0] as object, new Date(options.date ?? now), true)
  // Signing throws the unsigned part away.
  packet.unhashedSubpackets = change.unhashedSubpackets ?? []
  return packetOf(packet)
}

/** The library's own way of signing, with the configuration that its types leave out. */
export async function signPacket(
  packet: SignaturePacket,
  signer: object,
  data: object,
  date: Date,
  detached: boolean,
): Promise<void> {
  const sign = packet.sign as (
    signer: object,
    data: object,
    date: Date,
    detached: boolean,
    config: Config,
  ) => Promise<void>
  // The library's salt notation knows no weak hash.
  await sign.call(packet, signer, data, date, detached, {
    ...config,
    nonDeterministicSignaturesViaNotation: false,
  })
}

/** Tag 2 in the new format; all these signatures are shorter than 8 KiB. */
export function packetOf(packet: SignaturePacket): Uint8Array {
  const body = packet.write() as Uint8Array
  const length =
    body.length < 192 ? [body.length] : [((body.length - 192) >> 8) + 192, (body.length - 192) & 0xff]
  return Uint8Array.of(0xc2, ...length, ...body)
}

export type Draft = { [Key in keyof ActionBody]?: ActionBody[Key] | undefined } & Record<string, unknown>

/** The body of an action that everything is right with. */
export function anAction(policy: TrustedPolicy, change: Draft = {}): Record<string, unknown> {
  const body: ActionBody = {
    syntaxversion: 3,
    fleet: policy.fleet,
    nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
    name: 'who has it',
    target: 'TRUE',
    issuedat: formatInstant(now),
    validfrom: formatInstant(at(-60)),
    expireafter: formatInstant(at(3600)),
    operations: [{ module: 'file', parameters: { searches: {} } }],
    origin,
    replyto: { x25519: Buffer.alloc(32, 1).toString('base64url'), readers: ['A'.repeat(40)] },
    resultttl: 86_400,
    policymin: { version: policy.version, hash: policy.hash },
    stoppers: [],
  }
  return JSON.parse(JSON.stringify({ ...body, ...change })) as Record<string, unknown>
}

export const bodyOf = (body: Record<string, unknown> | string): Uint8Array =>
  typeof body === 'string' ? utf8(body) : canonicalBytes(body)

/** The wire form, signed by each of these keys. */
export async function wireOf(
  type: PayloadType,
  body: Record<string, unknown> | string,
  keys: readonly PrivateKey[],
  options: SignOptions = {},
): Promise<Uint8Array> {
  const bytes = bodyOf(body)
  const signatures = await Promise.all(
    keys.map((key) => signBytes(preAuthEncoding(type, bytes), key, options)),
  )
  return encodeEnvelope({ type, body: bytes, signatures })
}

export function aRoot(people: PolicyBody['people'], change: Partial<RootBody> = {}): Record<string, unknown> {
  return {
    v: 1,
    name: 'test fleet',
    version: 1,
    issuedat: formatInstant(at(-3600)),
    nonce: randomBytes(16).toString('base64url'),
    threshold: 1,
    people,
    ...change,
  }
}

export function aPolicy(
  fleet: string,
  people: PolicyBody['people'],
  change: Partial<PolicyBody> = {},
): Record<string, unknown> {
  return {
    v: 1,
    fleet,
    version: 1,
    issuedat: formatInstant(at(-3600)),
    people,
    acl: {},
    limits: {},
    enrollers: [],
    stop: [],
    revoked: { people: [], peers: [], invitations: [] },
    ...change,
  }
}

export function accepted<T>(admission: Admission<T>): T {
  if (admission.kind === 'accept') return admission.value
  throw new Error(`not accepted: ${admission.kind} ${admission.code}: ${admission.detail}`)
}

/** `accept`, or how and why not. */
export function verdictOf(admission: Admission<unknown>): string {
  return admission.kind === 'accept' ? 'accept' : `${admission.kind} ${admission.code}`
}

/** A fleet with one root person, who signs its policies. */
export interface Fleet {
  readonly rootKey: PrivateKey
  readonly root: TrustedRoot
  /** Opens a policy as it would arrive. */
  readonly offer: (
    people: PolicyBody['people'],
    change?: Partial<PolicyBody>,
  ) => Promise<Admission<TrustedPolicy>>
  readonly policy: (people: PolicyBody['people'], change?: Partial<PolicyBody>) => Promise<TrustedPolicy>
}

export async function aFleet(): Promise<Fleet> {
  const rootKey = await aKey('Root Person')
  const body = aRoot([aPerson('root', rootKey)])
  const root = accepted(
    await openRoot(
      await wireOf('mig.root.v1', body, [rootKey]),
      documentId({ type: 'mig.root.v1', body: bodyOf(body) }),
      now,
    ),
  )
  const offer: Fleet['offer'] = async (people, change = {}) =>
    openPolicy(
      await wireOf('mig.policy.v1', aPolicy(root.fleet, people, change), [rootKey]),
      root,
      knownModules,
      now,
    )
  return { rootKey, root, offer, policy: async (people, change) => accepted(await offer(people, change)) }
}
