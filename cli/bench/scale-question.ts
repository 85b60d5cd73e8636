import type { Role } from '../../node/core/certificate.ts'
import type { Clock } from '../../node/core/clock.ts'
import { base64Decode, base64Encode } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import type { LabPerson } from '../../node/roles/lab.ts'
import type { Account, Accounts } from './accounts.ts'
import { allAnswered } from './figures.ts'
import { question } from './question.ts'
import type { ScaleFleet } from './scale-fleet.ts'

const answerLimitMs = 120_000
/** Agents ask for missing receipts after 2 s, 4 s, 8 s …; what is not there by then comes later and is said. */
const receiptLimitMs = 30_000

/** What one question to the whole fleet took. */
export interface Asked {
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

/** Asks everybody, and waits for the answers and for their receipts. The first question of a process compiles what it needs.
 *  @throws MigError `timeout` when somebody is silent, `internal` when somebody has not answered `done` */
export async function askFleet(
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
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

export function readAll(accounts: Accounts): Readonly<Record<Role, Account>> {
  return {
    agent: accounts.read('agent'),
    relay: accounts.read('relay'),
    investigator: accounts.read('investigator'),
  }
}
