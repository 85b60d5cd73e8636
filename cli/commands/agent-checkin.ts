import type { Command } from 'commander'
import { MigError } from '../../node/core/error.ts'
import { defaultCheckinMs } from '../../node/core/limits.ts'
import { type CheckinOutcome, runCheckin } from '../../node/roles/checkin-run.ts'
import { openNodeState } from '../../node/roles/enrol.ts'
import type { CommandContext, ExitCode } from '../context.ts'
import { Exit } from '../exit.ts'
import { agentSetup } from '../fleet/agent-setup.ts'
import { stopWithinMs } from '../fleet/start.ts'
import { createLog } from '../log.ts'
import { addNodeOptions, type NodeOptions, resolveNodeOptions } from '../node-options.ts'
import { positiveDuration } from '../option-values.ts'

interface CheckinOptions extends NodeOptions {
  readonly root?: string
  readonly maxTime?: string
  readonly json?: boolean
  readonly verbose?: boolean
}

/** Answers are still here and nobody else holds them, or something was cut off: the next check-in goes on. */
const exitUndelivered = 4

/** One visit to the mesh. Says nothing when all is well and nobody watches: cron mails whatever a job says. */
export function define(command: Command, context: CommandContext): void {
  addNodeOptions(command)
    .option('--root <dir>', 'the machine to look at; default /')
    .option('--max-time <duration>', 'after which nothing new is begun; default 2m')
    .option('--json', 'print what was done as JSON')
    .option('-v, --verbose', 'say what was done also when all is well')
    .action(async (given: CheckinOptions) => {
      boundCheckin(context)
      const maxMs =
        given.maxTime === undefined ? defaultCheckinMs : positiveDuration('--max-time', given.maxTime)
      // Warnings of a mesh in which somebody is always away would be mail every hour.
      const options = { ...(await resolveNodeOptions(context, 'agent', given)), ...quietUnlessAsked(given) }
      const state = await openNodeState(options.state, 'agent')
      const setup = await agentSetup(context, state, options, { root: given.root, mode: 'checkin' })
      const { clock, random, signal } = context
      const startedMs = clock.monotonicMs()
      const outcome = await runCheckin(setup, maxMs, {
        clock,
        random,
        log: createLog(options.logLevel, 'gate'),
        signal,
      }).catch((error: unknown) => {
        throw inUse(error, options.state)
      })
      const code = exitCodeOf(outcome)
      const tookMs = Math.round(clock.monotonicMs() - startedMs)
      if (given.json === true) {
        const { name, peerid } = state.certificate
        context.terminal.raw(
          `${JSON.stringify({ agent: name, peer: peerid, exit: code, tookMs, ...outcome })}\n`,
        )
      }
      if (code !== 0 || given.verbose === true || context.terminal.canRewrite)
        context.terminal.say(`${state.certificate.name}: ${describe(outcome)}`)
      if (code !== 0) throw new Exit(code)
    })
}

function quietUnlessAsked(given: CheckinOptions): { readonly logLevel: 'silent' } | object {
  return given.logLevel === undefined ? { logLevel: 'silent' } : {}
}

/** A stop that hangs is cut off; what was acknowledged is on the disk. */
function boundCheckin(context: CommandContext): void {
  const cutOff = () => setTimeout(() => process.exit(exitUndelivered), stopWithinMs).unref()
  context.signal.addEventListener('abort', cutOff, { once: true })
}

function inUse(error: unknown, state: string): unknown {
  if (!(error instanceof MigError) || error.code !== 'state-in-use') return error
  return new MigError('state-in-use', `${state} is in use: an agent or another check-in runs there`, {
    hint: 'a running agent needs no check-in: mig agent status',
    cause: error,
  })
}

function exitCodeOf(outcome: CheckinOutcome): ExitCode {
  const { cutShort, synced, waiting, handedOver, unfinished } = outcome
  if (cutShort === undefined && synced === 0) return 1
  return cutShort !== undefined || unfinished > 0 || (waiting > 0 && !handedOver) ? exitUndelivered : 0
}

/** One line. */
function describe(outcome: CheckinOutcome): string {
  const { reached, synced, ran, refused, confirmed, waiting, handedOver, unfinished, cutShort } = outcome
  const names = reached.map(({ name, peer }) => name || peer)
  const parts = [
    reached.length === 0
      ? 'nobody was reached'
      : `reached ${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`,
    ...(reached.length > 0 && synced === 0 ? ['no exchange came to its end'] : []),
    `${ran.length} run`,
    ...(refused.length > 0 ? [`${refused.length} refused`] : []),
    `${confirmed} confirmed`,
    ...(waiting > 0
      ? [handedOver ? `${waiting} on their way` : `${waiting} still waiting, kept for next time`]
      : []),
    ...(unfinished > 0 ? [`${unfinished} cut off`] : []),
    ...(cutShort === undefined ? [] : [cutShort]),
  ]
  return parts.join(', ')
}
