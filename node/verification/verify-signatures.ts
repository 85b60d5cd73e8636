import { createMessage, enums, readSignature, verify } from 'openpgp'
import type { PersonName } from '../core/acl.ts'
import type { Instant } from '../core/clock.ts'
import { type Envelope, preAuthEncoding } from '../core/envelope.ts'
import { messageOf } from '../core/error.ts'
import { type Fingerprint, parseFingerprint } from '../core/fingerprint.ts'
import { clockToleranceSeconds, maxSignatures } from '../core/limits.ts'
import type { Keyring, PgpKey } from './keyring.ts'
import { pgpConfig } from './pgp-config.ts'
import { readSignatureHeader } from './signature-packet.ts'

/** Who signed a document: a set of persons, however many signatures or keys each used. */
export interface SignerSet {
  readonly persons: ReadonlySet<PersonName>
  /** One verified signature a person. */
  readonly kept: ReadonlyMap<PersonName, Uint8Array>
  /** The key or subkey that made it. */
  readonly signingKeys: ReadonlyMap<PersonName, Fingerprint>
  /** One sentence for every entry that did not count. They are not vetoes: signatures are unsigned data. */
  readonly faults: readonly string[]
  /** Entries whose issuer is known, whether they hold or not. */
  readonly known: number
}

export interface SigningWindow {
  readonly issuedAt: Instant
  readonly expireAfter?: Instant
  readonly now: Instant
  /** The document is trusted by its hash already: keys need to have been valid when they signed, not now. */
  readonly pinned?: true
}

/** A detached binary signature is over the document's bytes as they are; a text one would also hold for other line ends. */
const acceptedHashes = new Set<number>([
  enums.hash.sha256,
  enums.hash.sha384,
  enums.hash.sha512,
  enums.hash.sha3_256,
  enums.hash.sha3_512,
])

/** Checks the PGP signatures of a document against the keys of a policy. The only code that asks the OpenPGP library for a verdict.
 *  @see docs/protocol.md 4.2 */
export async function verifySignatures(
  document: Envelope,
  keyring: Keyring,
  window: SigningWindow,
): Promise<SignerSet> {
  const signed = preAuthEncoding(document.type, document.body)
  const kept = new Map<PersonName, Uint8Array>()
  const signingKeys = new Map<PersonName, Fingerprint>()
  const faults: string[] = []
  let known = 0
  for (const entry of document.signatures.slice(0, maxSignatures)) {
    const claim = claimOf(entry, keyring)
    if (claim.known) known++
    if ('fault' in claim) {
      faults.push(claim.fault)
      continue
    }
    // Whoever has signed already counts once; another signature of theirs is not worth the time.
    if (kept.has(claim.key.person)) continue
    const fault = await faultOf(entry, signed, claim, window)
    if (fault === undefined) {
      kept.set(claim.key.person, entry)
      signingKeys.set(claim.key.person, claim.issuer)
    } else faults.push(`${claim.issuer}: ${fault}`)
  }
  return { persons: new Set(kept.keys()), kept, signingKeys, faults, known }
}

/** Whom the signatures claim to be of, without checking them: enough to see that nothing new is said, or nothing at all. */
export function claimedSigners(
  document: Envelope,
  keyring: Keyring,
): Pick<SignerSet, 'persons' | 'faults' | 'known'> {
  const claims = document.signatures.slice(0, maxSignatures).map((entry) => claimOf(entry, keyring))
  return {
    persons: new Set(claims.flatMap((claim) => ('fault' in claim ? [] : [claim.key.person]))),
    faults: claims.flatMap((claim) => ('fault' in claim ? [claim.fault] : [])),
    known: claims.filter((claim) => claim.known).length,
  }
}

interface Claim {
  readonly known: true
  readonly key: PgpKey
  readonly issuer: Fingerprint
}

function claimOf(
  entry: Uint8Array,
  keyring: Keyring,
): Claim | { readonly fault: string; readonly known: boolean } {
  const header = readSignatureHeader(entry)
  if (typeof header === 'string') return { known: false, fault: header }
  const issuer = parseFingerprint(header.issuer)
  const key = issuer === undefined ? undefined : keyring.byAnyFingerprint(issuer)
  if (issuer === undefined || key === undefined)
    return { known: false, fault: `${header.issuer}: not a key of anybody in this policy` }
  if (header.type !== enums.signature.binary)
    return { known: true, fault: `${issuer}: not a signature over binary data` }
  if (!acceptedHashes.has(header.hash))
    return { known: true, fault: `${issuer}: its hash is weaker than SHA-256` }
  return { known: true, key, issuer }
}

async function faultOf(
  entry: Uint8Array,
  signed: Uint8Array,
  { key, issuer }: Claim,
  window: SigningWindow,
): Promise<string | undefined> {
  try {
    const signature = await readSignature({ binarySignature: entry, config: pgpConfig })
    const [packet] = signature.packets
    if (packet === undefined || signature.packets.length !== 1 || packet.created === null)
      return 'not one signature'
    // The library finds keys by their 64-bit id: it must have found the one that the signed part names.
    const [used, another] = key.key.getKeys(packet.issuerKeyID)
    if (used === undefined || another !== undefined || used.getFingerprint().toUpperCase() !== issuer)
      return 'key id and fingerprint differ'
    const created = packet.created.getTime()
    const late = timeFault(created, window)
    if (late !== undefined) return late
    // A signer's clock may run ahead of ours within the tolerance: then "now" is when they signed.
    const now = new Date(Math.max(window.now, created))
    const message = await createMessage({ binary: signed })
    const { signatures } = await verify({
      message,
      signature,
      verificationKeys: [key.key],
      format: 'binary',
      date: now,
      config: pgpConfig,
    })
    const [verdict] = signatures
    if (verdict === undefined || signatures.length !== 1) return 'not one signature'
    if ((await verdict.verified) !== true) return 'does not hold'
    // The library asks whether the key was valid when it signed, at a time that the signer wrote. It must be valid now as well.
    if (window.pinned !== true) await key.key.getSigningKey(packet.issuerKeyID, now, undefined, pgpConfig)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

function timeFault(created: number, { issuedAt, expireAfter, now }: SigningWindow): string | undefined {
  const toleranceMs = clockToleranceSeconds * 1000
  if (created < issuedAt - toleranceMs) return 'signed before the document was issued'
  if (created > now + toleranceMs) return 'signed in the future'
  return expireAfter !== undefined && created > expireAfter ? 'signed after the document expired' : undefined
}
