/** Text forms of bytes. base32 is RFC 4648, lower case, unpadded, everywhere (protocol 1.1). */

const base32Alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
const base58Alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

export function base32Encode(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += base32Alphabet[(value >>> bits) & 31]
    }
    value &= (1 << bits) - 1
  }
  if (bits > 0) text += base32Alphabet[(value << (5 - bits)) & 31]
  return text
}

/** base58btc, as libp2p uses it for peer ids. */
export function base58Encode(bytes: Uint8Array): string {
  let leading = 0
  while (leading < bytes.length && bytes[leading] === 0) leading++
  let number = 0n
  for (const byte of bytes) number = (number << 8n) | BigInt(byte)
  let text = ''
  while (number > 0n) {
    text = base58Alphabet[Number(number % 58n)] + text
    number /= 58n
  }
  return '1'.repeat(leading) + text
}

/** Undefined when the text is not base58btc. Bounded by the caller: cost grows with the square of the length. */
export function base58Decode(text: string): Uint8Array | undefined {
  let leading = 0
  while (leading < text.length && text[leading] === '1') leading++
  let number = 0n
  for (const character of text) {
    const digit = base58Alphabet.indexOf(character)
    if (digit < 0) return undefined
    number = number * 58n + BigInt(digit)
  }
  const tail: number[] = []
  while (number > 0n) {
    tail.unshift(Number(number & 255n))
    number >>= 8n
  }
  return Uint8Array.from([...new Array<number>(leading).fill(0), ...tail])
}

export function base64UrlEncode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/** Undefined unless the text is exactly what `base64UrlEncode` makes of some bytes. */
export function base64UrlDecode(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? new Uint8Array(bytes) : undefined
}

export function base64Encode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** Undefined unless the text is exactly what `base64Encode` makes of some bytes. */
export function base64Decode(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined
}

export function hexEncode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

// Made once: an answer is decoded several times over, and making one costs more than decoding a short text.
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Undefined when the bytes are not UTF-8. */
export function utf8Decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
