/** A full OpenPGP primary-key fingerprint: 40 (v4) or 64 (v6) upper-case hex digits. Never a key id (protocol 1.2). */
export type Fingerprint = string & { readonly brand: 'Fingerprint' }

/** Any case in, upper case out; undefined for key ids, `0x`, blanks or other lengths. */
export function parseFingerprint(text: string): Fingerprint | undefined {
  return /^(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$/.test(text) ? (text.toUpperCase() as Fingerprint) : undefined
}
