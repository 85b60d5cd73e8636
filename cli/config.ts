import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import { codeOf, MigError } from '../node/core/error.ts'
import { maxModuleThreads, maxTextFileBytes } from '../node/core/limits.ts'
import { nearest } from '../node/core/nearest.ts'
import { describeIssue } from '../node/core/schema.ts'
import { type CommandContext, migHome } from './context.ts'

const text = z.string().min(1)
const addresses = z.array(text).max(64)
const network = {
  state: text.optional(),
  listen: addresses.optional(),
  announce: addresses.optional(),
  bootstrap: addresses.optional(),
  relay: z.boolean().optional(),
  mdns: z.boolean().optional(),
}
/** For listening on `/tls/ws`. Not for agents: the process that faces the network may not read outside its own directory. */
const tls = { tlscertificate: text.optional(), tlskey: text.optional() }

const configSchema = z.strictObject({
  key: text.optional(),
  gpg: z.boolean().optional(),
  fleet: text.optional(),
  targets: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'expected a word'), text).optional(),
  proxy: z.string().optional(),
  investigator: z.strictObject({ ...network, ...tls }).optional(),
  relay: z.strictObject({ ...network, ...tls }).optional(),
  agent: z
    .strictObject({
      ...network,
      root: text.optional(),
      mode: z.enum(['daemon', 'checkin']).optional(),
      corepercent: z.int().min(1).max(100).optional(),
      threads: z.int().min(1).max(maxModuleThreads).optional(),
    })
    .optional(),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).optional() }).optional(),
})

/** What a person has set once and for all; options of a command go before it. */
export type Config = z.output<typeof configSchema>

/** Every key of `mig.toml` with its default, for `mig doctor --config`. */
export const configKeys: readonly {
  readonly key: string
  readonly fallback: string
  readonly about: string
}[] = [
  { key: 'key', fallback: 'the only key there is', about: 'fingerprint or mail of the key that signs' },
  { key: 'gpg', fallback: 'true where gpg is installed', about: 'use keys of gpg before key files' },
  { key: 'fleet', fallback: '<mig home>/fleet', about: 'directory with root, policy and invitations' },
  {
    key: 'targets.<word>',
    fallback: '(none)',
    about: 'a target expression that `-t <word>` stands for, at most 2048 bytes',
  },
  {
    key: 'proxy',
    fallback: '$HTTPS_PROXY',
    about:
      'http://[user:password@]host:port, asked where a direct connection does not come about; "" for none',
  },
  ...(['investigator', 'relay', 'agent'] as const).flatMap((role) => [
    { key: `${role}.state`, fallback: `<mig home>/${role}`, about: 'state directory' },
    {
      key: `${role}.listen`,
      fallback: role === 'relay' ? '["/ip4/0.0.0.0/tcp/7373"]' : '[]',
      about: 'multiaddrs to listen on, at most 64; empty: no open port',
    },
    {
      key: `${role}.announce`,
      fallback: '[]',
      about: 'multiaddrs told to others in place of the listening ones',
    },
    {
      key: `${role}.bootstrap`,
      fallback: 'bootstrap-peers.json',
      about: 'multiaddrs with /p2p/<id>, or files that list them',
    },
    {
      key: `${role}.relay`,
      fallback: role === 'relay' ? 'true' : 'as the policy says',
      about:
        'let members that nobody can dial be reached through this node; it needs an address that they can dial',
    },
    {
      key: `${role}.mdns`,
      fallback: 'true, except on loopback only',
      about: 'find members in the same office by multicast DNS, and be found where it listens',
    },
    ...(role === 'agent'
      ? []
      : [
          { key: `${role}.tlscertificate`, fallback: '(none)', about: 'PEM file, for listening on …/tls/ws' },
          { key: `${role}.tlskey`, fallback: '(none)', about: 'PEM file with its private key' },
        ]),
  ]),
  { key: 'agent.root', fallback: '"/"', about: 'the machine to look at: a directory' },
  { key: 'agent.mode', fallback: '"daemon"', about: 'daemon or checkin' },
  {
    key: 'agent.corepercent',
    fallback: '100',
    about: 'how much of one core a search for files may use, 1 to 100: below 100 it works and rests in turn',
  },
  {
    key: 'agent.threads',
    fallback: 'half the cores, at most 2',
    about: `threads of one operation, at most ${maxModuleThreads}; each takes 30 MB more`,
  },
  { key: 'log.level', fallback: '"info"', about: 'debug, info, warn, error or silent' },
]

/** Reads `path`, else `<mig home>/mig.toml`, else `~/.config/mig/mig.toml`; without a file everything is at its default.
 *  @throws MigError `not-found` for a `path` that is not there, `bad-input` saying where and what */
export async function loadConfig(context: CommandContext, path?: string): Promise<Config> {
  const { settings } = context
  // With a home of one's own, a test or a second fleet must not see the person's usual settings.
  const candidates =
    path !== undefined
      ? [path]
      : [
          join(migHome(settings), 'mig.toml'),
          ...(settings.migHome ? [] : [join(settings.home, '.config', 'mig', 'mig.toml')]),
        ]
  for (const candidate of candidates) {
    const content = await readText(candidate)
    if (content !== undefined) return parseConfig(content, candidate)
  }
  if (path !== undefined) throw new MigError('not-found', `there is no configuration file ${path}`)
  return {}
}

/** @throws MigError `bad-input` */
export function parseConfig(content: string, path: string): Config {
  let value: unknown
  try {
    value = parse(content)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [sentence = 'not TOML'] = error.message.split('\n')
    throw new MigError('bad-input', `${path}, line ${error.line}, column ${error.column}: ${sentence}`, {
      cause: error,
    })
  }
  const parsed = configSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  if (issue?.code === 'unrecognized_keys') {
    const at = [...issue.path.map(String), issue.keys[0] ?? ''].join('.')
    const near = nearest(
      at,
      configKeys.map(({ key }) => key),
    )
    throw new MigError('bad-input', `${path}: there is no key '${at}'`, {
      hint: near === undefined ? 'mig doctor --config lists them' : `did you mean '${near}'?`,
    })
  }
  throw new MigError('bad-input', `${path}: ${describeIssue(parsed.error)}`)
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path)
    if (size > maxTextFileBytes) throw new MigError('too-large', `${path} has ${size} bytes`)
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}
