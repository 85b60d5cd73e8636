import { MigError } from '../core/error.ts'
import { maxNameChars } from '../core/limits.ts'

/** Splits `Name <mail>`, the form of an OpenPGP user id.
 *  @throws MigError `usage` */
export function readUserId(text: string): { readonly name: string; readonly email: string } {
  const match =
    text.length <= maxNameChars
      ? /^([^<>()\u0000-\u001f\u007f-\u009f]+) <([^\s<>()@]+@[^\s<>()@]+\.[^\s<>()@]+)>$/u.exec(text)
      : null
  const name = match?.[1]?.trim() ?? ''
  if (match?.[2] === undefined || name === '') {
    throw new MigError('usage', `'${text}' is not of the form "Name <mail>"`, {
      hint: 'for example: "Ada Lovelace <ada@example.org>"',
    })
  }
  return { name, email: match[2] }
}
