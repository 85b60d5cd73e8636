import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Role } from '../../node/core/certificate.ts'
import type { Clock, Random } from '../../node/core/clock.ts'
import { MigError } from '../../node/core/error.ts'
import { minLinks } from '../../node/core/limits.ts'
import type { Probe } from '../../node/core/probe.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import { createLab, type Lab, type LabAgent, type LabPerson } from '../../node/roles/lab.ts'
import { whenInRoster } from '../../node/roles/lab-run.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Store } from '../../node/store/store.ts'

/** A fleet in one process, linked as a big one would be: agents that cannot be dialled, each with links to three relays. */
export interface ScaleFleet {
  readonly lab: Lab
  readonly agents: readonly LabAgent[]
  /** Who asks. */
  readonly investigator: InvestigatorNode
  readonly counts: Readonly<Record<Role, number>>
  stop(): Promise<void>
}

/** Relays for so many agents: what docs/scale.md reckons with, and as many as an agent wants links at least. */
const agentsPerRelay = 100
const agentsPerInvestigator = 500
/** Agents that join at a time: a join costs some 0.2 s of the thread that all nodes share, and must be judged within `enrolLimitMs`. */
const joiningAtOnce = 3
const joinLimitMs = 60_000

export async function startScaleFleet(
  options: { readonly agents: number; readonly directory: string; readonly alice: LabPerson },
  ports: {
    readonly clock: Clock
    readonly random: Random
    /** Called in the moment in which the asking investigator stores an answer. */
    readonly stored: () => void
    readonly probeOf: (role: Role) => Probe
    readonly progress: (text: string) => void
  },
): Promise<ScaleFleet> {
  const { clock, random, probeOf, progress } = ports
  const root = join(options.directory, 'machine')
  await mkdir(join(root, 'etc', 'cron.d'), { recursive: true })
  await writeFile(join(root, 'etc', 'cron.d', 'job'), 'PASSWORD=hunter2\n')
  const lab = await createLab({ people: [options.alice] }, { clock, random, probe: probeOf })
  const counts = {
    agent: options.agents,
    relay: Math.max(minLinks, Math.ceil(options.agents / agentsPerRelay)),
    investigator: Math.ceil(options.agents / agentsPerInvestigator),
  }
  try {
    const bootstrap: string[] = []
    for (let i = 0; i < counts.relay; i++) {
      const relay = await lab.startRelay(`relay${i}`, { bootstrap: [...bootstrap] })
      bootstrap.push(...relay.addresses)
    }
    const store = watchedStore(createMemoryStore(), ports.stored)
    const investigator = await lab.startInvestigator('laptop0', { bootstrap, store })
    for (let i = 1; i < counts.investigator; i++) await lab.startInvestigator(`laptop${i}`, { bootstrap })
    const agents: LabAgent[] = []
    while (agents.length < counts.agent) {
      const joining = await Promise.all(
        Array.from({ length: Math.min(joiningAtOnce, counts.agent - agents.length) }, (_, i) =>
          lab.startAgent(`agent${agents.length + i}`, { bootstrap, root, listen: [] }),
        ),
      )
      await whenLinked(joining, clock)
      agents.push(...joining)
      progress(`scale: ${agents.length} of ${counts.agent} agents`)
    }
    await whenInRoster(investigator, counts.agent, { clock, timeoutMs: 120_000 })
    return { lab, agents, investigator, counts, stop: () => lab.stop() }
  } catch (error) {
    await lab.stop()
    throw error
  }
}

async function whenLinked(agents: readonly LabAgent[], clock: Clock): Promise<void> {
  const started = clock.monotonicMs()
  while (agents.some(({ mesh }) => mesh.members().length < minLinks)) {
    if (clock.monotonicMs() - started > joinLimitMs)
      throw new MigError('timeout', `an agent has fewer than ${minLinks} links after ${joinLimitMs / 1000} s`)
    await clock.sleep(20)
  }
}

function watchedStore(store: Store, stored: () => void): Store {
  return {
    ...store,
    async write(changes, options) {
      await store.write(changes, options)
      for (const change of changes) if ('put' in change && change.put.startsWith('result/')) stored()
    },
  }
}
