import { findModule } from '../../modules/registry.ts'
import { type AgentFacts, parseAgentRow } from '../../node/core/agent-facts.ts'
import type { Instant } from '../../node/core/clock.ts'
import { formatInstant } from '../../node/core/instant.ts'
import { queueLocation } from '../../node/core/queue-location.ts'
import { parseTarget, selectAgents } from '../../node/core/target.ts'
import type { AgentView } from '../../node/roles/service.ts'
import type { TrustedPolicy } from '../../node/verification/trusted-policy.ts'
import type { ExplainedAction } from '../views/explanation.ts'
import type { LoadedFile } from './action-file.ts'
import { checkSigners, weighFor } from './weighing.ts'

/** What is known where a node can be asked. */
export interface FleetKnowledge {
  readonly policy: TrustedPolicy
  readonly agents: readonly AgentView[]
}

/** Explains a file: an action with its signatures, or a draft.
 *  @param fleet undefined where this machine has no investigator's node: then nothing is said of weights and hosts
 *  @param isCancelled whether the node that was asked holds a cancel of it; a file says nothing of that
 *  @throws MigError `bad-target` */
export async function explainFile(
  loaded: LoadedFile,
  fleet: FleetKnowledge | undefined,
  now: Instant,
  isCancelled = false,
): Promise<ExplainedAction> {
  const { name, target, operations } = loaded.kind === 'action' ? loaded.file.action : loaded.draft
  const parsed = await parseTarget(target)
  const only = loaded.kind === 'action' ? loaded.file.action.only : undefined
  const checked =
    loaded.kind === 'action' && fleet !== undefined
      ? await checkSigners(loaded.file, fleet.policy, now)
      : { persons: new Set<string>(), faults: [] }
  const targeted =
    fleet === undefined
      ? undefined
      : selectAgents(parsed, fleet.agents.map(factsOf), now)
          .filter((row) => only === undefined || (only as readonly string[]).includes(row.id))
          .map((row) => row.name)
  return {
    ...(loaded.kind === 'action' ? { id: loaded.file.id } : {}),
    name,
    target,
    operations: operations.map(({ module, parameters }) => ({
      module,
      parameters,
      summary: findModule(module)?.summary ?? 'this version does not know it',
    })),
    ...(loaded.kind === 'action' ? { window: windowOf(loaded.file.action, now, isCancelled) } : {}),
    signers: [...checked.persons],
    faults: checked.faults,
    weights: fleet === undefined ? [] : weighFor({ operations }, fleet.policy, checked.persons),
    readers:
      loaded.kind === 'action'
        ? loaded.file.action.replyto.readers.map((reader) => fleet?.policy.personOf(reader) ?? reader)
        : [],
    ...(only === undefined ? {} : { only: only.length }),
    ...(targeted === undefined ? {} : { expected: targeted }),
    changes: loaded.kind === 'draft' ? loaded.draft.changes : [],
  }
}

/** An agent as the node shows it → the row that targets are evaluated against. */
export function factsOf(view: AgentView): AgentFacts {
  return parseAgentRow({ ...view, queueloc: queueLocation(view.os, view.id) })
}

function windowOf(
  { validfrom, expireafter }: { readonly validfrom: Instant; readonly expireafter: Instant },
  now: Instant,
  isCancelled: boolean,
): { validfrom: string; expireafter: string; state: string } {
  const state = now >= expireafter ? 'expired' : now < validfrom ? 'not open yet' : 'open'
  return {
    validfrom: formatInstant(validfrom),
    expireafter: formatInstant(expireafter),
    state: isCancelled ? 'cancelled' : state,
  }
}
