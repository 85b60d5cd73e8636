import type { Clock, Random } from '../core/clock.ts'
import { MigError } from '../core/error.ts'
import type { Outward } from '../mesh/outward.ts'
import { connectControl } from './control-socket.ts'
import type { InvestigatorService } from './service.ts'

export interface OpenService {
  readonly service: InvestigatorService
  /** A node was running already and goes on. */
  readonly isShared: boolean
  close(): Promise<void>
}

/** The investigator's node for a command: the one that runs on this state directory, or one of the command's own for as long as it lasts.
 *  @throws MigError `not-enrolled`, `state-in-use` */
export async function openService(
  setup: {
    readonly statePath: string
    readonly listen: readonly string[]
    readonly bootstrap: readonly string[]
    readonly outward: Outward
    readonly mdns: boolean | undefined
  },
  ports: {
    readonly clock: Clock
    readonly random: Random
    readonly log: (event: string, details?: Record<string, unknown>) => void
  },
): Promise<OpenService> {
  const running = await connectControl(setup.statePath)
  if (running !== undefined)
    return { service: running.service, isShared: true, close: async () => running.close() }
  // Only now: a command that talks to a running node need not load libp2p.
  const [{ openNodeState }, { runInvestigator }] = await Promise.all([
    import('./enrol.ts'),
    import('./run-mesh.ts'),
  ])
  const state = await openNodeState(setup.statePath, 'investigator')
  try {
    const node = await runInvestigator(
      {
        ...setup.outward,
        state,
        listen: setup.listen,
        announce: [],
        bootstrap: setup.bootstrap,
        relay: false,
        mdns: setup.mdns,
      },
      ports,
    )
    return { service: node.service, isShared: false, close: () => node.stop() }
  } catch (error) {
    if (!(error instanceof MigError) || error.code !== 'state-in-use') throw error
    // It may just have started, and not listen yet.
    for (let attempt = 0; attempt < 10; attempt++) {
      await ports.clock.sleep(200)
      const late = await connectControl(setup.statePath)
      if (late !== undefined)
        return { service: late.service, isShared: true, close: async () => late.close() }
    }
    throw error
  }
}
