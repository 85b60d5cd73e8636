import { join } from 'node:path'
import type { Role } from '../../node/core/certificate.ts'
import { phases } from '../../node/core/probe.ts'
import type { LabPerson } from '../../node/roles/lab.ts'
import { createKeyFileSigner } from '../../node/verification/key-file-signer.ts'
import { createKeyFile } from '../../node/verification/key-store.ts'
import type { CommandContext } from '../context.ts'
import { type Account, type Accounts, createAccounts } from './accounts.ts'
import { type Figure, milliseconds } from './figures.ts'
import { type ScaleFleet, startScaleFleet } from './scale-fleet.ts'
import { type Asked, askFleet, readAll } from './scale-question.ts'
import type { BenchSize } from './size.ts'

/** A fleet of many agents in one process: how long all of it takes, what that time is spent on, and what one agent, one relay and the
 *  asking node each carry. */
export async function benchScale(
  context: CommandContext,
  directory: string,
  size: Pick<BenchSize, 'scaleAgents' | 'settleMs' | 'idleSeconds'>,
): Promise<readonly Figure[]> {
  const { clock, random, terminal } = context
  const alice = await someone(directory)
  const accounts = createAccounts()
  const storedAtMs: number[] = []
  let fleet: ScaleFleet | undefined
  try {
    fleet = await startScaleFleet(
      { agents: size.scaleAgents, directory, alice },
      {
        clock,
        random,
        stored: () => storedAtMs.push(clock.monotonicMs()),
        probeOf: (role) => accounts.probeOf(role),
        progress: (text) => terminal.progress(text),
      },
    )
    await clock.sleep(size.settleMs, context.signal)
    // The first question compiles what it needs.
    const first = await askFleet(context, fleet, alice, { accounts, storedAtMs })
    terminal.progress(`scale: the first question was answered after ${milliseconds(first.allMs)}`)
    await clock.sleep(size.settleMs, context.signal)
    const asked = await askFleet(context, fleet, alice, { accounts, storedAtMs })
    await clock.sleep(size.settleMs, context.signal)
    terminal.progress(
      `scale: all answered after ${milliseconds(asked.allMs)}, now at rest for ${size.idleSeconds} s`,
    )
    accounts.clear()
    await clock.sleep(size.idleSeconds * 1000, context.signal)
    return [...askedFigures(fleet, asked), ...restFigures(fleet, accounts, size.idleSeconds)]
  } finally {
    await fleet?.stop()
    accounts.stop()
  }
}

function askedFigures({ counts }: ScaleFleet, asked: Asked): readonly Figure[] {
  const fleet = `${counts.agent} agents, ${counts.relay} relays, ${counts.investigator} investigators’ nodes in one process`
  const { untilAnswered, untilConfirmed } = asked
  const phaseMs = phases.map((phase) => ({
    phase,
    ms: Object.values(untilAnswered).reduce((sum, { ms }) => sum + ms[phase], 0),
  }))
  const allMs = phaseMs.reduce((sum, { ms }) => sum + ms, 0)
  const split = [...phaseMs]
    .sort((a, b) => b.ms - a.ms)
    .map(({ phase, ms }) => `${phase} ${Math.round((100 * ms) / allMs)} %`)
  const late = asked.unconfirmed === 0 ? '' : `; ${asked.unconfirmed} still without receipt`
  return [
    {
      what: `${fleet}: 50 / 95 / 100 % of answers`,
      value: `${milliseconds(asked.halfMs)} / ${milliseconds(asked.mostMs)} / ${milliseconds(asked.allMs)}`,
      aim: '10 s for 1,000',
    },
    {
      what: 'processor time of all of them until then',
      value: `${milliseconds(asked.cpuMs)}, ${(asked.cpuMs / counts.agent).toFixed(1)} ms an agent`,
    },
    { what: 'of which on the main thread', value: `${milliseconds(allMs)}: ${split.join(', ')}` },
    {
      what: 'an agent, for a question, its receipt included',
      value: `${describe(untilConfirmed.agent, counts.agent)}${late}`,
    },
    {
      what: 'a relay, for a question',
      value: describe(untilConfirmed.relay, counts.relay),
    },
    {
      what: 'an investigator’s node, for a question',
      value: describe(untilConfirmed.investigator, counts.investigator),
    },
  ]
}

function restFigures({ counts }: ScaleFleet, accounts: Accounts, seconds: number): readonly Figure[] {
  const used = readAll(accounts)
  return (['agent', 'relay', 'investigator'] as const).map((role) => ({
    what: `${names[role]} at rest, a minute (of ${seconds} s)`,
    value: describe(used[role], (counts[role] * seconds) / 60),
  }))
}

const names: Readonly<Record<Role, string>> = {
  agent: 'an agent',
  relay: 'a relay',
  investigator: 'an investigator’s node',
}

/** @param shares by how many to divide: nodes, or nodes and minutes */
function describe({ ms, wire, payload }: Account, shares: number): string {
  const all = Object.values(ms).reduce((sum, value) => sum + value, 0)
  const kilobytes = (bytes: number) => `${(bytes / shares / 1000).toFixed(1)} kB`
  const count = (messages: number) => Math.round(messages / shares)
  const busiest = [...payload]
    .map(([protocol, { inBytes, outBytes }]) => ({ protocol, bytes: inBytes + outBytes }))
    .filter(({ bytes }) => bytes / shares >= 50)
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ protocol, bytes }) => `${protocol} ${kilobytes(bytes)}`)
  return [
    `in ${kilobytes(wire.inBytes)} in ${count(wire.inMessages)} messages`,
    `out ${kilobytes(wire.outBytes)} in ${count(wire.outMessages)} (payload: ${busiest.join(', ')})`,
    `${milliseconds(all / shares)} of processor`,
  ].join(', ')
}

/** Alice, with a key of her own. */
export async function someone(directory: string): Promise<LabPerson> {
  const file = await createKeyFile(join(directory, 'keys'), 'Alice Example <alice@example.net>', 'bench')
  return {
    name: 'alice',
    weight: 1,
    signer: createKeyFileSigner(file, { askPassphrase: async () => 'bench' }),
  }
}
