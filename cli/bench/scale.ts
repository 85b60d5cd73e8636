import { join } from 'node:path'
import type { Role } from '../../node/core/certificate.ts'
import { base64Decode, base64Encode } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import { phases } from '../../node/core/probe.ts'
import type { LabPerson } from '../../node/roles/lab.ts'
import { createKeyFileSigner } from '../../node/verification/key-file-signer.ts'
import { createKeyFile } from '../../node/verification/key-store.ts'
import type { CommandContext } from '../context.ts'
import { type Account, type Accounts, createAccounts } from './accounts.ts'
import { allAnswered, type Figure, milliseconds } from './figures.ts'
import { type ScaleFleet, startScaleFleet } from './scale-fleet.ts'
import type { BenchSize } from './size.ts'

const question = {
  name: 'which cron job contains a password',
  target: "status='online'",
  operations: [
    {
      module: 'file',
      parameters: {
        searches: { s1: { paths: ['/etc'], contents: ['(?i)password'], options: { matchall: true } } },
      },
    },
  ],
  expireSeconds: 300,
}
const answerLimitMs = 120_000
/** Agents ask for missing receipts after 2 s, 4 s, 8 s …; what is not there by then comes later and is said. */
const receiptLimitMs = 30_000

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
    await ask(context, fleet, alice, { accounts, storedAtMs })
    await clock.sleep(size.settleMs, context.signal)
    const asked = await ask(context, fleet, alice, { accounts, storedAtMs })
    await clock.sleep(size.settleMs, context.signal)
    terminal.progress(`scale: at rest for ${size.idleSeconds} s`)
    accounts.clear()
    await clock.sleep(size.idleSeconds * 1000, context.signal)
    return [...askedFigures(fleet, asked), ...restFigures(fleet, accounts, size.idleSeconds)]
  } finally {
    await fleet?.stop()
    accounts.stop()
  }
}

interface Asked {
  /** From `send` until half, 95 % and all of the answers stood in the asking node's store. */
  readonly halfMs: number
  readonly mostMs: number
  readonly allMs: number
  /** Processor time of the process until then, all threads. */
  readonly cpuMs: number
  readonly untilAnswered: Readonly<Record<Role, Account>>
  readonly untilConfirmed: Readonly<Record<Role, Account>>
  /** Agents whose receipts came later than `receiptLimitMs`. */
  readonly unconfirmed: number
}

async function ask(
  { clock, terminal, signal }: CommandContext,
  fleet: ScaleFleet,
  alice: LabPerson,
  { accounts, storedAtMs }: { readonly accounts: Accounts; readonly storedAtMs: number[] },
): Promise<Asked> {
  const { lab, agents, investigator } = fleet
  const { service } = investigator
  const draft = await service.draft(question)
  const wire = await lab.sign('mig.action.v3', base64Decode(draft.body) ?? new Uint8Array(0), [alice.signer])
  storedAtMs.length = 0
  accounts.clear()
  const cpu = process.cpuUsage()
  const started = clock.monotonicMs()
  const passedMs = () => clock.monotonicMs() - started
  const { id } = await service.send({ wire: base64Encode(wire) })
  while (storedAtMs.length < agents.length) {
    if (passedMs() > answerLimitMs)
      throw new MigError('timeout', `${storedAtMs.length} of ${agents.length} agents have answered`)
    await clock.sleep(5, signal)
  }
  const used = process.cpuUsage(cpu)
  const untilAnswered = readAll(accounts)
  const { expected, answered } = await service.accounting(id)
  allAnswered({ expected, answered: answered.length }, agents.length)
  const waiting = async () =>
    (await Promise.all(agents.map((agent) => agent.waiting()))).filter((n) => n > 0).length
  while ((await waiting()) > 0 && passedMs() < receiptLimitMs) await clock.sleep(500, signal)
  const at = (share: number) => (storedAtMs[Math.ceil(share * agents.length) - 1] ?? Number.NaN) - started
  terminal.progress(`scale: all answered after ${milliseconds(at(1))}`)
  return {
    halfMs: at(0.5),
    mostMs: at(0.95),
    allMs: at(1),
    cpuMs: (used.user + used.system) / 1000,
    untilAnswered,
    untilConfirmed: readAll(accounts),
    unconfirmed: await waiting(),
  }
}

function readAll(accounts: Accounts): Readonly<Record<Role, Account>> {
  return {
    agent: accounts.read('agent'),
    relay: accounts.read('relay'),
    investigator: accounts.read('investigator'),
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

async function someone(directory: string): Promise<LabPerson> {
  const file = await createKeyFile(join(directory, 'keys'), 'Alice Example <alice@example.net>', 'bench')
  return {
    name: 'alice',
    weight: 1,
    signer: createKeyFileSigner(file, { askPassphrase: async () => 'bench' }),
  }
}
