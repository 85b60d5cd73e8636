import { appendFile, mkdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { MigError } from '../../node/core/error.ts'
import { maxWeight, minWeight } from '../../node/core/limits.ts'
import { loadConfig } from '../config.ts'
import { type CommandContext, migHome } from '../context.ts'
import { fleetPath } from '../fleet/fleet-directory.ts'
import { assertNoFleet, initFleet } from '../fleet/init-fleet.ts'
import { findPeople, type PersonKey } from '../fleet/people.ts'

interface InitOptions {
  readonly dir?: string
  readonly fleetName: string
  readonly person?: readonly string[]
  readonly withWeights?: readonly string[]
  readonly threshold: string
  readonly gpg?: boolean
  readonly json?: boolean
}

export function define(command: Command, context: CommandContext): void {
  command
    .requiredOption('--fleet-name <name>', 'how people call the fleet')
    .option('--dir <dir>', 'where root and policy are kept; default <mig home>/fleet')
    .option(
      '--person <person...>',
      'investigators: a fingerprint, a public key file, or "Name <mail>" (made when it is not there)',
    )
    .option(
      '--with-weights <module=n...>',
      'minimum weight of a module, for example netstat=2; everybody weighs 1',
    )
    .option('--threshold <n>', 'how many people must sign a policy', '1')
    .option('--gpg', 'only keys that gpg holds')
    .option('--no-gpg', 'only encrypted key files')
    .option('--json', 'print what was made as JSON')
    .action(async (options: InitOptions) => {
      const config = await loadConfig(context)
      const path = options.dir === undefined ? fleetPath(context, undefined, config) : resolve(options.dir)
      await assertNoFleet(path)
      const minimums = readWeights(options.withWeights ?? [])
      const threshold = readNumber('--threshold', options.threshold, 1, 16)
      const gpg = options.gpg ?? config.gpg
      const people = await findPeople(context, options.person ?? [], { gpg, preferred: config.key })
      const made = await initFleet(context, { path, name: options.fleetName, people, threshold, minimums })
      await rememberKey(context, people)
      for (const warning of made.warnings) context.terminal.say(`warning: ${warning}`)
      const view = {
        fleet: made.fleet,
        name: options.fleetName,
        directory: path,
        people: people.map(({ name, fingerprint }) => ({ name, fingerprint })),
      }
      if (options.json === true) context.terminal.raw(`${JSON.stringify(view, null, 2)}\n`)
      else context.terminal.out(made.fleet)
      sayNext(context, view)
    })
}

/** `netstat=2` → minimum weight 2. */
export function readWeights(texts: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    texts
      .flatMap((text) => text.split(','))
      .map((text) => {
        const at = text.lastIndexOf('=')
        if (at <= 0) throw new MigError('usage', `--with-weights ${text}: expected MODULE=NUMBER`)
        const module = text.slice(0, at)
        return [module, readNumber(`--with-weights ${module}`, text.slice(at + 1), minWeight, maxWeight)]
      }),
  )
}

function readNumber(what: string, text: string, min: number, max: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new MigError('usage', `${what}: expected a whole number from ${min} to ${max}, got '${text}'`)
}

/** With several keys on this machine, the one that made the fleet is the one that is meant from now on. */
async function rememberKey(context: CommandContext, people: readonly PersonKey[]): Promise<void> {
  const own = people.find((person) => person.own !== undefined)
  const path = join(migHome(context.settings), 'mig.toml')
  if (own === undefined || (await stat(path).catch(() => undefined)) !== undefined) return
  await mkdir(migHome(context.settings), { recursive: true, mode: 0o700 })
  await appendFile(path, `# Written by mig init: the key that signs.\nkey = "${own.fingerprint}"\n`, {
    mode: 0o600,
  })
  context.terminal.say(`${path} names the key that signs: ${own.name} ${own.fingerprint}`)
}

function sayNext(
  context: CommandContext,
  view: {
    readonly name: string
    readonly directory: string
    readonly people: readonly { readonly name: string }[]
  },
): void {
  const lines = [
    `fleet ${view.name}: root and policy of ${view.people.map(({ name }) => name).join(', ')} are in ${view.directory}`,
    'next, on a machine that others can reach:',
    '  mig invite --role relay            prints a line to paste',
    '  mig relay enrol LINE && mig relay start',
    `then put the address that it prints into ${join(view.directory, 'bootstrap-peers.json')}, and for every endpoint:`,
    '  mig invite --role agent --tags operator=IT --uses 100',
    '  mig agent enrol LINE && mig agent start',
    'and for whoever asks:',
    '  mig invite --role investigator; mig investigator enrol LINE; mig agents',
    `who may do what stands in ${join(view.directory, 'policy.json')}: mig policy edit, check, sign, publish`,
  ]
  for (const line of lines) context.terminal.say(line)
}
