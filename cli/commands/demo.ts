import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { base64UrlEncode } from '../../node/core/encoding.ts'
import { codeOf, MigError } from '../../node/core/error.ts'
import { demoStartMs } from '../../node/core/limits.ts'
import { connectControl } from '../../node/roles/control-socket.ts'
import type { CommandEntry } from '../command-entry.ts'
import type { CommandContext } from '../context.ts'
import { makeDemoFleet } from '../demo/fleet.ts'
import { machines, writeMachine } from '../demo/machines.ts'
import { createProcesses } from '../demo/processes.ts'
import { playDemo } from '../demo/script.ts'
import { dispatch } from '../dispatch.ts'
import { reported } from '../reported.ts'

const loopback = '/ip4/127.0.0.1/tcp/0'

/** The main job on a throw-away fleet: a relay, six agents and an investigator's node, each with processes of its own on loopback. */
export function define(command: Command, context: CommandContext, commands: readonly CommandEntry[]): void {
  command
    .option('--quick-exit', 'end when the questions are answered, also in a terminal')
    .option('--logs <dir>', 'keep what the nodes log, a file each')
    .action(async (options: { readonly quickExit?: boolean; readonly logs?: string }) => {
      const { terminal, settings, signal, random } = context
      const home = await mkdtemp(join(tmpdir(), 'mig-demo-'))
      await chmod(home, 0o700)
      const passphrase = base64UrlEncode(random.bytes(16))
      const own: CommandContext = {
        ...context,
        settings: { ...settings, migHome: home, passphrase, gnupgHome: undefined },
        // Nobody sits at its commands.
        terminal: { ...terminal, isInteractive: false },
      }
      // In this process: what a person starts anew for each line is here already, and starting Node is most of what a line costs.
      const run = (line: readonly string[]) => reported(own, () => dispatch(line, own, commands))
      const environment = { PATH: settings.path, HOME: home, MIG_HOME: home }
      const processes = createProcesses(context.command, environment, options.logs)
      const started = performance.now()
      const story = async () => {
        terminal.say('A throw-away fleet: one relay, six agents, one investigator, all on this machine.')
        const fleet = await makeDemoFleet(own, home)
        const relay = await fleet.enrol('relay', 'relay', {}, [])
        const address = await processes.node(
          'relay',
          ['relay', 'start', '--state', relay.path, '--listen', loopback],
          'listening on ',
        )
        // Each starts while the next is enrolled.
        const starting: Promise<string>[] = []
        const start = (name: string, args: readonly string[]) => {
          const ready = processes.node(name, args, 'ready')
          // Told below, with the others.
          ready.catch(() => undefined)
          starting.push(ready)
        }
        const investigator = await fleet.enrol('investigator', 'laptop', {}, [address])
        const words = ['investigator', 'start', '--state', investigator.path, '--listen', loopback]
        start('investigator', words)
        const agents = new Map<string, readonly string[]>()
        for (const machine of machines) {
          const root = await writeMachine(join(home, 'machines'), machine)
          const state = await fleet.enrol('agent', machine.name, machine.tags, [address])
          const listen = machine.dialsOut === true ? [] : ['--listen', loopback]
          const args = ['agent', 'start', '--state', state.path, '--root', root, ...listen]
          agents.set(machine.name, args)
          start(machine.name, args)
        }
        await Promise.all(starting)
        terminal.say(`Up after ${seconds(started)} s. Fleet ${fleet.fleet}.`)
        await whenAllAreKnown(investigator.path, agents.size, context)
        await run(['agents'])
        await playDemo({
          terminal,
          processes,
          run,
          home,
          bob: fleet.bob,
          restart: async (name) => {
            await processes.node(name, agents.get(name) ?? [], 'ready')
          },
        })
        terminal.say('')
        terminal.say(`All of that took ${seconds(started)} s.`)
        if (terminal.isInteractive && options.quickExit !== true) await stayUp(own, home)
      }
      const playing = story()
      try {
        // Whatever it is at: ctrl-C ends it at once.
        await Promise.race([playing, whenAborted(signal)])
      } catch (error) {
        // ctrl-C is an orderly end here.
        if (!signal.aborted && codeOf(error) !== 'cancelled') throw error
      } finally {
        await processes.stopAll()
        // What it was at may still be writing there.
        await Promise.race([playing.catch(() => undefined), context.clock.sleep(3000)])
        await rm(home, { recursive: true, force: true, maxRetries: 5 })
      }
    })
}

/** The expected set of a question is frozen from the roster: everybody should be in it before the first is asked. */
async function whenAllAreKnown(
  statePath: string,
  agents: number,
  { clock, signal }: CommandContext,
): Promise<void> {
  const control = await connectControl(statePath)
  if (control === undefined) throw new MigError('internal', 'the investigator’s node does not answer')
  try {
    const deadline = clock.monotonicMs() + demoStartMs
    while ((await control.service.agents()).length < agents) {
      if (clock.monotonicMs() > deadline)
        throw new MigError(
          'timeout',
          `not all of ${agents} agents are in the roster after ${demoStartMs / 1000} s`,
        )
      await clock.sleep(50, signal)
    }
  } finally {
    control.close()
  }
}

/** @throws MigError `cancelled` */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new MigError('cancelled', 'stopped'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

async function stayUp({ terminal, signal, command, settings }: CommandContext, home: string): Promise<void> {
  terminal.say('The fleet stays up until ctrl-C. In another terminal:')
  // The passphrase is as throw-away as the keys: it ends with this command.
  terminal.say(`  export MIG_HOME=${home} MIG_PASSPHRASE=${settings.passphrase ?? ''}`)
  terminal.say(`  node ${command[1] ?? 'dist/mig.js'} file -path /etc -name passwd`)
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1)
}
