import type { ChildProcess } from 'node:child_process'
import type { Clock, Random } from '../core/clock.ts'
import { decodeEnvelope, documentId } from '../core/envelope.ts'
import { messageOf } from '../core/error.ts'
import { checkinLastSessionMs, gatePollMs, maxCheckinReportBytes } from '../core/limits.ts'
import type { Gate } from '../gate/gate.ts'
import { serveGate } from '../gate/gate-link.ts'
import { parseHostileJson } from '../verification/hostile-json.ts'
import { type CheckinReport, checkinReportSchema } from './checkin.ts'
import { readReport } from './child-report.ts'
import { type AgentSetup, gatePipes, startConfined } from './run-agent.ts'
import { openGate } from './run-gate.ts'

/** What a check-in came to. Whom it reached is the word of the process that faces the network; the rest is the gate's own. */
export interface CheckinOutcome {
  readonly reached: CheckinReport['reached']
  /** Members with which everything was exchanged. */
  readonly synced: number
  readonly ran: readonly string[]
  readonly refused: readonly { readonly action: string; readonly code: string }[]
  /** Results whose origin has confirmed them in this check-in. */
  readonly confirmed: number
  /** Results without a receipt, of which others hold a copy if `handedOver`. */
  readonly waiting: number
  readonly handedOver: boolean
  /** Actions that were cut off; the next start reports them as interrupted. */
  readonly unfinished: number
  /** It was told to stop, or the other process failed. */
  readonly cutShort: string | undefined
}

/** One visit to the mesh: this process is the gate, the mesh process is started once and ends by itself.
 *  @param maxMs see `checkIn`
 *  @throws MigError `state-in-use` beside another check-in or a running agent, and what opening the state throws */
export async function runCheckin(
  setup: AgentSetup,
  maxMs: number,
  ports: {
    readonly clock: Clock
    readonly random: Random
    readonly log: (event: string, details?: Record<string, unknown>) => void
    readonly signal: AbortSignal
  },
): Promise<CheckinOutcome> {
  const { clock, log, signal } = ports
  const { gate, close } = await openGate(setup, ports)
  const books = keepBooks(gate)
  const child = startConfined(
    setup,
    ['agent', 'mesh', '--checkin', String(maxMs), ...setup.meshArguments],
    ['ignore', 'pipe'],
  )
  try {
    const { from, to } = gatePipes(child)
    void serveGate(books.gate, from, to, log)
    const stop = () => child.kill('SIGTERM')
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    const guard = new AbortController()
    killWhenLate(child, gate, maxMs, clock, guard.signal).catch((error: unknown) => {
      if (!guard.signal.aborted) log('checkin-guard-failed', { error: messageOf(error) })
    })
    const said = await readReport(child, maxCheckinReportBytes)
    guard.abort()
    signal.removeEventListener('abort', stop)
    const report = checkinReportSchema.safeParse(parseHostileJson(said.output))
    const { unfinished, waiting } = await gate.progress()
    return {
      reached: report.data?.reached ?? [],
      synced: report.data?.synced ?? 0,
      ...books.read(),
      waiting,
      handedOver: report.data?.handedOver ?? false,
      unfinished,
      cutShort: signal.aborted
        ? 'told to stop'
        : report.success && said.how === 'code 0'
          ? undefined
          : `the mesh process ended with ${said.how}`,
    }
  } finally {
    child.kill('SIGKILL')
    await close().catch((error: unknown) => log('close-failed', { error: messageOf(error) }))
  }
}

/** The mesh process keeps the time itself; one that does not is ended, but not while a module still runs. */
async function killWhenLate(
  child: ChildProcess,
  gate: Gate,
  maxMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await clock.sleep(maxMs, signal)
  while ((await gate.progress()).unfinished > 0) await clock.sleep(gatePollMs, signal)
  await clock.sleep(2 * checkinLastSessionMs, signal)
  child.kill('SIGKILL')
}

/** The gate, with a count of what passes through it. */
function keepBooks(gate: Gate): {
  readonly gate: Gate
  read(): Pick<CheckinOutcome, 'ran' | 'refused' | 'confirmed'>
} {
  const ran = new Set<string>()
  const refused = new Map<string, string>()
  let confirmed = 0
  return {
    gate: {
      ...gate,
      async offerAction(wire) {
        const answer = await gate.offerAction(wire)
        const envelope = decodeEnvelope(wire)
        if (typeof envelope === 'string') return answer
        const id = documentId(envelope)
        if (answer.kind === 'accepted') {
          ran.add(id)
          refused.delete(id)
        } else if (answer.kind === 'refused') refused.set(id, answer.code)
        return answer
      },
      async offerReceipt(wire) {
        const cleared = await gate.offerReceipt(wire)
        if (cleared) confirmed++
        return cleared
      },
    },
    read: () => ({
      ran: [...ran],
      refused: [...refused].map(([action, code]) => ({ action, code })),
      confirmed,
    }),
  }
}
