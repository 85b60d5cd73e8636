import { z } from 'zod'
import type { Instant } from './clock.ts'
import { base64UrlDecode } from './encoding.ts'
import { isDocumentId } from './envelope.ts'
import { type Fingerprint, parseFingerprint } from './fingerprint.ts'
import { parseInstant } from './instant.ts'
import { type PeerId, parsePeerId } from './peer-id.ts'

/** Field types that several documents share. Each parses into a type that cannot be wrong. */

export const instantField = z.string().transform((text, context): Instant => {
  const instant = parseInstant(text)
  if (instant !== undefined) return instant
  context.addIssue({ code: 'custom', message: 'expected a time such as 2026-11-24T05:00:00Z' })
  return z.NEVER
})

/** In signed documents a fingerprint is already upper case: another spelling would be another document. */
export const fingerprintField = z.string().transform((text, context): Fingerprint => {
  const fingerprint = parseFingerprint(text)
  if (fingerprint !== undefined && fingerprint === text) return fingerprint
  context.addIssue({
    code: 'custom',
    message: 'expected a full upper-case OpenPGP fingerprint (40 or 64 hex digits)',
  })
  return z.NEVER
})

export const peerIdField = z.string().transform((text, context): PeerId => {
  const peer = parsePeerId(text)
  if (peer !== undefined) return peer
  context.addIssue({ code: 'custom', message: 'expected an Ed25519 peer id (12D3KooW…)' })
  return z.NEVER
})

export const documentIdField = z.string().refine(isDocumentId, 'expected a base32 document id')

/** base64url of exactly `length` bytes. */
export function bytesField(length: number) {
  return z.string().transform((text, context): Uint8Array => {
    const bytes = base64UrlDecode(text)
    if (bytes !== undefined && bytes.length === length) return bytes
    context.addIssue({ code: 'custom', message: `expected base64url of ${length} bytes` })
    return z.NEVER
  })
}

export const positiveInteger = z.int().min(1)

/** `operations[0].module: …` for the first thing that a schema refused. */
export function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  if (issue === undefined) return 'does not fit its schema'
  const path = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
  return path === '' ? issue.message : `${path}: ${issue.message}`
}
