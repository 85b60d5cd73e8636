import { utf8, utf8Decode } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import { replaceFile } from '../../node/store/private-file.ts'

/** The editable form of a policy: the same object, over many lines.
 *  @param body canonical bytes */
export async function writePolicyJson(path: string, body: Uint8Array): Promise<void> {
  const value: unknown = JSON.parse(utf8Decode(body) ?? '')
  await replaceFile(path, utf8(`${JSON.stringify(inOrder(value), null, 2)}\n`))
}

/** Canonical form sorts keys by name; people read what changes most first. */
const order = [
  'v',
  'fleet',
  'version',
  'previous',
  'issuedat',
  'acl',
  'limits',
  'bootstrap',
  'relays',
  'enrollers',
  'stop',
  'revoked',
  'people',
]

function inOrder(value: unknown): object {
  if (typeof value !== 'object' || value === null)
    throw new MigError('bad-policy', 'a policy is a JSON object')
  const rank = (key: string) => (order.indexOf(key) + order.length) % order.length
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => rank(a) - rank(b)))
}
