import type { Command } from 'commander'
import type { AgentFacts } from '../../node/core/agent-facts.ts'
import { parseTarget, selectAgents } from '../../node/core/target.ts'
import { clockWords } from '../../node/roles/clock-difference.ts'
import { parseAgentSearch, parseSilence, readRosterFile } from '../ask/agent-rows.ts'
import { resolveTarget } from '../ask/ask.ts'
import { factsOf } from '../ask/explain-file.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { addFormatOptions, type FormatFlags, formatOf } from '../follow-options.ts'
import { addServiceOptions, type ServiceOptions, waitForRoster, withService } from '../service-options.ts'
import { agentCsv, agentJson, agentLines } from '../views/agents.ts'
import { overuseLines } from '../views/invitations.ts'
import { inertJson } from '../views/json.ts'

interface Options extends ServiceOptions, FormatFlags {
  readonly target?: string
  readonly search?: string
  readonly silent?: string
  readonly from?: string
}

/** `mig agents`: who is there; with `-t` the dry run of a target, with `--from` over an exported roster and without a mesh. */
export function define(command: Command, context: CommandContext): void {
  addFormatOptions(addServiceOptions(command))
    .option('-t, --target <expr>', 'only those that this target would reach: online or idle, and matching')
    .option(
      '-p, --search <terms>',
      '"k=v and k=v": agentname, agentid, agentversion, status, before, after, limit',
    )
    .option('--silent <duration>', 'only those not heard for so long')
    .option('--from <file>', 'an exported roster (JSON) in place of the mesh')
    .action(async (options: Options) => {
      const { terminal, clock } = context
      const search = options.search === undefined ? undefined : parseAgentSearch(options.search)
      const silentMs = options.silent === undefined ? undefined : parseSilence(options.silent)
      const target =
        options.target === undefined
          ? undefined
          : await parseTarget(
              resolveTarget({ target: options.target }, await loadConfig(context, options.config), context),
            )
      const { rows: all, notes } =
        options.from === undefined
          ? await fromMesh(context, options)
          : { rows: await readRosterFile(options.from), notes: [] }
      const now = clock.now()
      const rows = (target === undefined ? all : selectAgents(target, all, now))
        .filter((row) => search?.matches(row) ?? true)
        .filter((row) => silentMs === undefined || now - row.heartbeattime >= silentMs)
        .slice(0, search?.limit)
      const format = formatOf(options)
      if (format === 'json') terminal.raw(`${inertJson(rows.map(agentJson), 2)}\n`)
      else if (format === 'jsonl') terminal.raw(rows.map((row) => `${inertJson(agentJson(row))}\n`).join(''))
      else if (format === 'csv') terminal.raw(agentCsv(rows))
      else if (rows.length > 0) for (const line of agentLines(rows, now)) terminal.out(line)
      terminal.say(count(rows.length, all.length, options))
      for (const line of notes) terminal.say(line)
    })
}

interface Roster {
  readonly rows: readonly AgentFacts[]
  /** Whose last heartbeat named an older policy than this node's, and whose clock is wrong. */
  readonly notes: readonly string[]
}

async function fromMesh(context: CommandContext, options: Options): Promise<Roster> {
  return withService(context, options, async ({ service, isShared }) => {
    if (!isShared) await waitForRoster(context, service)
    for (const line of overuseLines(await service.invitations())) context.terminal.say(line)
    const agents = await service.agents()
    const { policyVersion } = await service.about()
    const older = agents.filter((agent) => agent.status !== 'revoked' && agent.policyversion < policyVersion)
    const names = older.map((agent) => `${agent.name} (${agent.policyversion})`).join(', ')
    const clocks = agents.flatMap(({ name, clockAheadMinutes }) =>
      clockAheadMinutes === undefined ? [] : [`${name} (${clockWords(clockAheadMinutes)})`],
    )
    return {
      rows: agents.map(factsOf),
      notes: [
        ...(older.length === 0
          ? []
          : [`policy ${policyVersion} is in force; at their last heartbeat some had an older one: ${names}`]),
        ...(clocks.length === 0
          ? []
          : [`when last met directly, these clocks were wrong: ${clocks.join(', ')} (mig doctor there)`]),
      ],
    }
  })
}

function count(shown: number, all: number, options: Options): string {
  if (all === 0) return 'no agent is known yet: mig invite --role agent makes the line that enrols one'
  if (options.target !== undefined) return `${shown} of ${all} agents would be targeted`
  return `${shown} of ${all} agents`
}
