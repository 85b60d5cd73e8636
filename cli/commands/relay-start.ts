import type { Command } from 'commander'
import { openNodeState } from '../../node/roles/enrol.ts'
import { runRelay } from '../../node/roles/run-mesh.ts'
import type { CommandContext } from '../context.ts'
import { keepNetworkFile } from '../fleet/network-file.ts'
import { announceStart, boundStop, runUntilStopped, stopWithinMs } from '../fleet/start.ts'
import { createLog } from '../log.ts'
import { addNodeOptions, type NodeOptions, resolveNodeOptions } from '../node-options.ts'

/** Prints `listening on <multiaddr>` when it can be dialled: others wait for that line. */
export function define(command: Command, context: CommandContext): void {
  addNodeOptions(command).action(async (given: NodeOptions) => {
    boundStop(context, stopWithinMs)
    const options = await resolveNodeOptions(context, 'relay', given)
    const state = await openNodeState(options.state, 'relay')
    const { clock, random, terminal } = context
    const log = createLog(options.logLevel, 'relay')
    const relay = await runRelay({ ...options, state }, { clock, random, log })
    const addresses = relay.addresses()
    const forget = await announceStart(context, state, addresses)
    const forgetNetwork = await keepNetworkFile(context, state.path, relay.network)
    for (const address of addresses) terminal.out(`listening on ${address}`)
    await runUntilStopped(context, async () => {
      await forget()
      await forgetNetwork()
      await relay.stop()
    })
  })
}
