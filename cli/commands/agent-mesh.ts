import { Socket } from 'node:net'
import { type Command, Option } from 'commander'
import { MigError } from '../../node/core/error.ts'
import { openMeshState } from '../../node/roles/enrol.ts'
import { runCheckinMesh, runMeshProcess } from '../../node/roles/run-mesh.ts'
import type { CommandContext } from '../context.ts'
import { keepNetworkFile } from '../fleet/network-file.ts'
import { proxyOf } from '../fleet/outward-options.ts'
import { announceStart, boundStop, meshStopWithinMs, runUntilStopped } from '../fleet/start.ts'
import { createLog, type LogLevel, logLevels } from '../log.ts'
import { wholeNumber } from '../option-values.ts'
import { describeError } from '../terminal.ts'

interface MeshOptions {
  readonly state: string
  readonly listen?: readonly string[]
  readonly announce?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly relay?: boolean
  readonly mdns?: boolean
  readonly logLevel: LogLevel
  readonly checkin?: number
}

/** What starting again would not change. */
const lasting: ReadonlySet<string> = new Set([
  'usage',
  'bad-input',
  'not-enrolled',
  'state-mode',
  'bad-certificate',
])

/** The agent's process that faces the network. Only the gate process starts it; its two pipes are the only way to the gate. */
export function define(command: Command, context: CommandContext): void {
  command
    .requiredOption('--state <dir>')
    .option('--listen <address...>')
    .option('--announce <address...>')
    .option('--bootstrap <address...>')
    .option('--relay')
    .option('--no-relay')
    .option('--mdns')
    .option('--no-mdns')
    .option('--checkin <ms>', 'one visit, which begins nothing new after so long', wholeNumber)
    .addOption(new Option('--log-level <level>').choices([...logLevels]).default('info'))
    .action(async (options: MeshOptions) => {
      // ctrl-C reaches the whole process group; the gate process stops this one in its turn.
      process.removeAllListeners('SIGINT')
      process.on('SIGINT', () => undefined)
      try {
        await (options.checkin === undefined
          ? run(context, options)
          : checkIn(context, options, options.checkin))
      } catch (error) {
        if (!(error instanceof MigError) || !lasting.has(error.code)) throw error
        for (const line of describeError(error)) context.terminal.say(line)
        await new Promise<void>((resolve) => process.stderr.write('', () => resolve()))
        // The line to the gate is open and would keep this process alive; the gate waits for its end.
        process.exit(2)
      }
    })
}

function gateLine() {
  const input = new Socket({ fd: 4, readable: true, writable: false })
  const output = new Socket({ fd: 3, readable: false, writable: true })
  return { input, output }
}

/** Tells on stdout what came of it. */
async function checkIn(context: CommandContext, options: MeshOptions, maxMs: number): Promise<void> {
  boundStop(context, meshStopWithinMs)
  const { clock, random, signal } = context
  const state = await openMeshState(options.state, 'agent')
  const { listen = [], announce = [], bootstrap = [], mdns } = options
  const report = await runCheckinMesh(
    // A visit is too short to be of use to others.
    { state, listen, announce, bootstrap, relay: false, mdns, proxy: proxyOf(context.settings.httpsProxy) },
    { ...gateLine(), onEnd: () => !signal.aborted && process.exit(1) },
    maxMs,
    { clock, random, signal, log: createLog(options.logLevel, 'agent') },
  )
  await new Promise<void>((resolve) => process.stdout.write(JSON.stringify(report), () => resolve()))
  // As when any node stops: what a library still times is of no use to anybody.
  process.exit(0)
}

async function run(context: CommandContext, options: MeshOptions): Promise<void> {
  boundStop(context, meshStopWithinMs)
  const { clock, random } = context
  const { input, output } = gateLine()
  const state = await openMeshState(options.state, 'agent')
  const { listen = [], announce = [], bootstrap = [], relay, mdns } = options
  const node = await runMeshProcess(
    { state, listen, announce, bootstrap, relay, mdns, proxy: proxyOf(context.settings.httpsProxy) },
    // Without its gate this process is of no use to anybody; while stopping, it is this process that hangs up.
    { input, output, onEnd: () => !context.signal.aborted && process.exit(0) },
    { clock, random, log: createLog(options.logLevel, 'agent') },
  )
  const forget = await announceStart(context, state, node.addresses())
  const forgetNetwork = await keepNetworkFile(context, state.path, node.network)
  context.terminal.out('ready')
  await runUntilStopped(context, async () => {
    await forget()
    await forgetNetwork()
    await node.stop()
  })
}
