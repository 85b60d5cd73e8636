import { gunzipSync, inflateSync } from 'node:zlib'

/** Looks for secrets in bytes as an attacker would: as they are, in hex, in base64 at every offset, as UTF-16, and inside whatever
 *  is deflated.
 *  @returns the names of the secrets that were found, with the form */
export function findSecrets(bytes: Uint8Array, secrets: ReadonlyMap<string, Uint8Array>): readonly string[] {
  const haystack = Buffer.from(bytes)
  const found: string[] = []
  for (const part of [haystack, ...inflated(haystack)]) {
    for (const [name, secret] of secrets) {
      for (const [form, needle] of formsOf(secret)) if (part.includes(needle)) found.push(`${name} (${form})`)
    }
  }
  return [...new Set(found)]
}

function formsOf(secret: Uint8Array): readonly (readonly [form: string, needle: Buffer])[] {
  const raw = Buffer.from(secret)
  const hex = raw.toString('hex')
  const forms: (readonly [string, Buffer])[] = [
    ['raw', raw],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    ['utf-16', Buffer.from(raw.toString('latin1'), 'utf16le')],
  ]
  for (const shift of [0, 1, 2]) {
    // What stands before and behind changes the letters at the edges.
    const text = Buffer.concat([Buffer.alloc(shift), raw])
      .toString('base64')
      .replace(/=+$/, '')
    const inner = text.slice(shift === 0 ? 0 : shift + 1, -2)
    forms.push(['base64', Buffer.from(inner)])
    forms.push(['base64url', Buffer.from(inner.replaceAll('+', '-').replaceAll('/', '_'))])
  }
  return forms.filter(([, needle]) => needle.length >= 8)
}

/** Everything that begins like a zlib or gzip stream and is one. */
function inflated(bytes: Buffer): readonly Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at + 2 < bytes.length; at++) {
    const [a, b] = [bytes[at], bytes[at + 1]]
    const isZlib = a === 0x78 && (b === 0x01 || b === 0x5e || b === 0x9c || b === 0xda)
    const isGzip = a === 0x1f && b === 0x8b
    if (!isZlib && !isGzip) continue
    try {
      parts.push((isZlib ? inflateSync : gunzipSync)(bytes.subarray(at), { maxOutputLength: 1 << 22 }))
    } catch {
      // It only looked like one.
    }
  }
  return parts
}
