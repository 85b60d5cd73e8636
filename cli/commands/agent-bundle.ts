import { createReadStream, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { type Command, Option } from 'commander'
import type { Instant } from '../../node/core/clock.ts'
import { MigError } from '../../node/core/error.ts'
import { exportAtAgent, importAtAgent } from '../../node/roles/bundle-agent.ts'
import { openMeshState } from '../../node/roles/enrol.ts'
import type { CommandContext } from '../context.ts'
import { Exit } from '../exit.ts'
import { boundStop, meshStopWithinMs } from '../fleet/start.ts'
import { noLog } from '../log.ts'
import { wholeNumber } from '../option-values.ts'
import { describeError } from '../terminal.ts'

interface BundleOptions {
  readonly state: string
  readonly for: 'agents' | 'investigators'
  readonly action: readonly string[]
  readonly since?: number
  readonly pages?: boolean
}

/** The bundle is stdin, whether it is read or written. */
const bundleFd = 0

/** The process that reads and writes bundles at an agent, started by `mig bundle` in the place of the mesh process and with the same
 *  limits. It has no network code; its two pipes are the only way to the gate. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument('<what>')
    .requiredOption('--state <dir>')
    .addOption(new Option('--for <whom>').choices(['agents', 'investigators']).default('investigators'))
    .option('--action <id>', '', (id: string, before: readonly string[]) => [...before, id], [])
    .option('--since <ms>', '', wholeNumber)
    .option('--pages')
    .action(async (what: string, options: BundleOptions) => {
      // ctrl-C reaches the whole process group; the gate process stops this one in its turn.
      process.removeAllListeners('SIGINT')
      process.on('SIGINT', () => undefined)
      boundStop(context, meshStopWithinMs)
      try {
        const report = await run(context, what, options)
        await new Promise<void>((resolve) => process.stdout.write(JSON.stringify(report), () => resolve()))
      } catch (error) {
        if (!(error instanceof MigError)) throw error
        for (const line of describeError(error)) context.terminal.say(line)
        throw new Exit(1)
      }
      process.exit(0)
    })
}

async function run(context: CommandContext, what: string, options: BundleOptions): Promise<unknown> {
  const { clock, signal } = context
  const state = await openMeshState(options.state, 'agent')
  const line = {
    input: new Socket({ fd: 4, readable: true, writable: false }),
    output: new Socket({ fd: 3, readable: false, writable: true }),
    onEnd: () => !signal.aborted && process.exit(1),
  }
  const ports = { clock, signal, log: noLog }
  if (what === 'import')
    return importAtAgent(state, createReadStream('', { fd: bundleFd, autoClose: false }), line, ports)
  const selection = {
    to: options.for,
    actions: options.action,
    ...(options.pages === true ? { pages: true } : {}),
    ...(options.since === undefined ? {} : { since: options.since as Instant }),
  }
  const write = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; ) at += writeSync(bundleFd, bytes, at)
  }
  return exportAtAgent(state, selection, write, line, ports)
}
