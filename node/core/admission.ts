/** The verdict on something that came from outside. *Reject* only what every honest node would reject from the bytes
 *  alone (it costs the sender its score); everything that depends on knowledge or the clock is *ignored*.
 *  @see docs/protocol.md 4.1 */
export type Admission<T> =
  | { readonly kind: 'accept'; readonly value: T }
  | { readonly kind: 'ignore'; readonly code: IgnoreCode; readonly detail: string }
  | { readonly kind: 'reject'; readonly code: RejectCode; readonly detail: string }

export type RejectCode =
  | 'too-large'
  | 'not-decodable'
  | 'not-canonical'
  | 'wrong-fleet'
  | 'bad-envelope'
  | 'inner-mismatch'

export type IgnoreCode =
  | 'unsupported'
  | 'bad-schema'
  | 'not-yet-valid'
  | 'expired'
  | 'already-held'
  | 'unknown-signer'
  | 'no-valid-signature'
  | 'too-many-signatures'
  | 'not-a-member'
  | 'wrong-role'
  | 'over-rate'
  | 'unknown-action'
  | 'not-permitted'
  | 'older'
  | 'equivocation'
  | 'revoked'
  | 'no-policy'
  | 'no-room'

export function accept<T>(value: T): Admission<T> {
  return { kind: 'accept', value }
}

export function ignore(code: IgnoreCode, detail: string): Admission<never> {
  return { kind: 'ignore', code, detail }
}

export function reject(code: RejectCode, detail: string): Admission<never> {
  return { kind: 'reject', code, detail }
}
