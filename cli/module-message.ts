import type { Json } from '../node/core/canonical-json.ts'
import { MigError } from '../node/core/error.ts'
import { maxActionBytes } from '../node/core/limits.ts'

/** A message is the parameters of one operation and what is around them. */
const maxMessageBytes = maxActionBytes + 1024

/** Reads MIG's module message `{"class":"parameters","parameters":{…}}`, or the bare parameters.
 *  @throws MigError `bad-input`, `bad-json`, `too-large` */
export async function readModuleMessage(input: AsyncIterable<Uint8Array>): Promise<Json> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of input) {
    size += chunk.length
    if (size > maxMessageBytes)
      throw new MigError('too-large', `expected module parameters of at most ${maxMessageBytes} bytes`)
    chunks.push(chunk)
  }
  let message: Json
  try {
    message = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json
  } catch (error) {
    throw new MigError('bad-json', 'stdin is not JSON', {
      cause: error,
      hint: 'mig module run NAME < params.json',
    })
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return message
  const { class: kind, parameters } = message as Readonly<Record<string, Json | undefined>>
  if (typeof kind !== 'string') return message
  if (kind !== 'parameters') throw new MigError('bad-input', 'unexpected input is not module parameters')
  return parameters ?? null
}
