import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { isAddressOfPeer } from '../../node/core/bootstrap-address.ts'
import { codeOf, MigError } from '../../node/core/error.ts'
import { maxTextFileBytes } from '../../node/core/limits.ts'
import { describeIssue } from '../../node/core/schema.ts'
import { type CommandContext, migHome } from '../context.ts'

export const bootstrapFileName = 'bootstrap-peers.json'

const schema = z.strictObject({
  about: z.string().optional(),
  peers: z.array(z.string()).max(256),
})

/** Addresses that a node dials first.
 *  @param given `--bootstrap`: multiaddrs that end in `/p2p/<id>`, or files that list them. Without any: `bootstrap-peers.json`
 *    in the person's own directory, else the one that stands beside the program
 *  @throws MigError `bad-input` */
export async function readBootstrapPeers(
  context: CommandContext,
  given: readonly string[] | undefined,
): Promise<readonly string[]> {
  if (given !== undefined && given.length > 0) {
    return [...new Set((await Promise.all(given.map(addressOrFile))).flat())]
  }
  const places = [migHome(context.settings), dirname(dirname(context.command[1] ?? ''))]
  for (const place of places) {
    const peers = await readPeersFile(join(place, bootstrapFileName))
    if (peers !== undefined) return peers
  }
  return []
}

async function addressOrFile(text: string): Promise<readonly string[]> {
  if (isAddressOfPeer(text)) return [text]
  const peers = await readPeersFile(text)
  if (peers !== undefined) return peers
  throw new MigError('bad-input', `--bootstrap ${text}: neither an address nor a file`, {
    hint: 'an address ends in /p2p/<id>: /ip4/192.0.2.1/tcp/7373/p2p/12D3KooW…',
  })
}

/** Undefined when there is no such file.
 *  @throws MigError `bad-input` naming what in the file is wrong */
export async function readPeersFile(path: string): Promise<readonly string[] | undefined> {
  let text: string
  try {
    const { size } = await stat(path)
    if (size > maxTextFileBytes) throw new MigError('too-large', `${path} has ${size} bytes`)
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new MigError('bad-input', `${path} is not JSON`, { cause })
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new MigError('bad-input', `${path}: ${describeIssue(parsed.error)}`)
  for (const [i, address] of parsed.data.peers.entries()) {
    if (!isAddressOfPeer(address))
      throw new MigError(
        'bad-input',
        `${path}: peers[${i}]: '${address}' is no address that ends in /p2p/<id>`,
      )
  }
  return parsed.data.peers
}
