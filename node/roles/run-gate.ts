import { networkInterfaces } from 'node:os'
import { createHost } from '../../modules/host/create-host.ts'
import { modules } from '../../modules/registry.ts'
import type { Clock } from '../core/clock.ts'
import { MigError } from '../core/error.ts'
import { minFreeDiskBytes } from '../core/limits.ts'
import { createChildRunner } from '../gate/child-runner.ts'
import { readEnvironment } from '../gate/environment.ts'
import type { Gate } from '../gate/gate.ts'
import { createLocalGate } from '../gate/local-gate.ts'
import { diskSpace } from '../store/disk-space.ts'
import { openLevelStore } from '../store/level-store.ts'
import { markBorn, type NodeState, needFile } from './enrol.ts'
import { createOutsideMemory } from './outside-memory.ts'

export interface GateSetup {
  readonly state: NodeState
  /** The machine to look at. */
  readonly root: string
  readonly version: string
  readonly mode: 'daemon' | 'checkin'
  /** How to run this project again for a module child. */
  readonly command: readonly string[]
  readonly prlimit: string | undefined
  readonly gently?: readonly string[]
  readonly corePercent?: number | undefined
  readonly threads?: number | undefined
}

/** The gate on a real endpoint: its keys and its store from the state directory, modules as child processes.
 *  It opens no network socket. */
export async function openGate(
  setup: GateSetup,
  ports: { readonly clock: Clock; readonly log: (event: string, details?: Record<string, unknown>) => void },
): Promise<{ readonly gate: Gate; close(): Promise<void> }> {
  const directory = setup.state.gate
  if (directory === undefined) throw new MigError('not-enrolled', 'only an agent has a gate')
  const answerSeed = await needFile(directory, 'answer.key')
  const unborn = (await directory.read('unborn')) !== undefined
  const store = await openLevelStore(directory.storeDirectory)
  const host = createHost({ root: setup.root })
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((address) => !address.internal)
    .map((address) => address.cidr ?? address.address)
  const runner = createChildRunner(modules, setup, ports)
  try {
    const gate = await createLocalGate(
      {
        certificate: setup.state.certificate,
        certificateWire: setup.state.certificateWire,
        answerSeed,
        version: setup.version,
        mode: setup.mode,
        unborn,
        storeLost:
          !unborn && (store.opening.wasLost || store.opening.wasRepaired || store.opening.wasCreated),
      },
      {
        store,
        outside: createOutsideMemory(setup.state.path),
        clock: ports.clock,
        runner,
        environment: () =>
          readEnvironment(host, {
            arch: process.arch,
            addresses,
            modules: modules.map((module) => module.name),
          }),
        processId: process.pid,
        async checkSpace() {
          const { availableBytes } = await diskSpace(directory.path)
          if (availableBytes < minFreeDiskBytes) {
            throw new MigError(
              'disk-full',
              `${Math.round(availableBytes / 1024 / 1024)} MB are free under ${directory.path}, ${minFreeDiskBytes / 1024 / 1024} MB are needed`,
            )
          }
        },
        log: ports.log,
      },
    )
    if (unborn) await markBorn(directory)
    return {
      gate,
      async close() {
        await gate.stop()
        runner.stop()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}
