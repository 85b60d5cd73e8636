import { modules } from '../../modules/registry.ts'
import type { Clock } from '../core/clock.ts'
import { MigError } from '../core/error.ts'
import { openLevelStore } from '../store/level-store.ts'
import type { ItemKind } from '../sync/item.ts'
import { openAside } from './aside.ts'
import { createDoor } from './door.ts'
import type { NodeState } from './enrol.ts'
import { createLedger } from './ledger.ts'
import { reloadLedger } from './reload-ledger.ts'
import { openShelf } from './shelf.ts'

/** What a node has to know before it can judge anybody. */
export interface Seed {
  readonly rootWire: Uint8Array
  readonly policyWire: Uint8Array
  readonly invitations: readonly Uint8Array[]
}

/** Gives a node that does not run the fleet's root, policy and invitations: the first node of a fleet has nobody to fetch them from.
 *  They enter by the door, as from anybody.
 *  @throws MigError `wrong-fleet`, `bad-policy`, `bad-invitation`, `state-in-use` */
export async function seedNode(
  state: NodeState,
  seed: Seed,
  ports: {
    readonly clock: Clock
    readonly log: (event: string, details?: Record<string, unknown>) => void
  },
): Promise<void> {
  const store = await openLevelStore(state.mesh.storeDirectory)
  try {
    const shelf = await openShelf(store)
    const context = {
      fleet: state.certificate.fleet,
      self: state.certificate.peerid,
      role: state.certificate.role,
      ledger: createLedger(),
      shelf,
      clock: ports.clock,
      knownModules: new Set(modules.map((module) => module.name)),
      carried: undefined,
      aside: await openAside(store, ports.clock),
      contradicted: () => undefined,
      ownReceipt: async () => false,
      ownHeartbeat: async () => false,
      neighbourHeartbeat: () => false,
      carriesFor: () => false,
      log: ports.log,
    }
    await reloadLedger(context)
    const door = createDoor(context, () => undefined)
    const enter = async (kind: ItemKind, bytes: Uint8Array, code: 'bad-policy' | 'bad-invitation') => {
      const verdict = await door.enter({ kind, bytes }, { via: 'file' })
      if (verdict.kind === 'accept' || verdict.code === 'already-held' || verdict.code === 'older') return
      throw new MigError(
        verdict.code === 'wrong-fleet' ? 'wrong-fleet' : code,
        `the ${kind} is not accepted: ${verdict.detail}`,
      )
    }
    await enter('root', seed.rootWire, 'bad-policy')
    await enter('policy', seed.policyWire, 'bad-policy')
    for (const wire of seed.invitations) await enter('invitation', wire, 'bad-invitation')
  } finally {
    await store.close()
  }
}
