import type { Command } from 'commander'
import { serveControl } from '../../node/roles/control-socket.ts'
import { openNodeState } from '../../node/roles/enrol.ts'
import { networkView } from '../../node/roles/network-view.ts'
import { runInvestigator } from '../../node/roles/run-mesh.ts'
import type { CommandContext } from '../context.ts'
import { keepNetworkFile } from '../fleet/network-file.ts'
import { announceStart, boundStop, runUntilStopped, stopWithinMs } from '../fleet/start.ts'
import { createLog } from '../log.ts'
import { addNodeOptions, type NodeOptions, resolveNodeOptions } from '../node-options.ts'

/** Prints `ready` when commands can use it: others wait for that line. */
export function define(command: Command, context: CommandContext): void {
  addNodeOptions(command).action(async (given: NodeOptions) => {
    boundStop(context, stopWithinMs)
    const options = await resolveNodeOptions(context, 'investigator', given)
    const state = await openNodeState(options.state, 'investigator')
    const { clock, random, terminal } = context
    const log = createLog(options.logLevel, 'investigator')
    const node = await runInvestigator({ ...options, state }, { clock, random, log })
    try {
      const closeControl = await serveControl(node.service, options.state, log)
      const forget = await announceStart(context, state, node.mesh.addresses())
      const forgetNetwork = await keepNetworkFile(context, state.path, () => networkView(node))
      terminal.out('ready')
      await runUntilStopped(context, async () => {
        await closeControl()
        await forget()
        await forgetNetwork()
        await node.stop()
      })
    } finally {
      await node.stop()
    }
  })
}
