/** Every failure that a user may see. Codes are API: scripts and tests match on them. */
export type ErrorCode =
  | 'usage'
  | 'bad-input'
  | 'bad-json'
  | 'bad-action'
  | 'bad-policy'
  | 'bad-acl'
  | 'bad-target'
  | 'bad-regex'
  | 'bad-parameters'
  | 'bad-duration'
  | 'bad-invitation'
  | 'bad-certificate'
  | 'bad-signature'
  | 'bad-key'
  | 'bad-passphrase'
  | 'unknown-module'
  | 'unknown-person'
  | 'wrong-fleet'
  | 'expired'
  | 'not-found'
  | 'not-enrolled'
  | 'not-reachable'
  | 'state-in-use'
  | 'state-mode'
  | 'store-damaged'
  | 'disk-full'
  | 'gpg-missing'
  | 'gpg-failed'
  | 'too-large'
  | 'timeout'
  | 'cancelled'
  | 'unsupported'
  | 'internal'

/** The one exception of this project: what should not happen, with a code, a sentence and a next step. */
export class MigError extends Error {
  readonly code: ErrorCode
  /** What the person at the terminal can do next. */
  readonly hint: string | undefined
  /** Zero-based character offset into the input that was refused, where one is known. */
  readonly position: number | undefined

  constructor(
    code: ErrorCode,
    message: string,
    extra: { hint?: string; position?: number; cause?: unknown } = {},
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause })
    this.name = 'MigError'
    this.code = code
    this.hint = extra.hint
    this.position = extra.position
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The system or library code (`ENOENT`, `LEVEL_LOCKED`) of anything that was thrown, if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
