import type { Clock } from '../core/clock.ts'
import { MigError, messageOf } from '../core/error.ts'
import { maxBundleReportBytes } from '../core/limits.ts'
import { serveGate } from '../gate/gate-link.ts'
import { parseHostileJson } from '../verification/hostile-json.ts'
import {
  type ExportReport,
  exportReportSchema,
  type ImportReport,
  importReportSchema,
} from './bundle-agent.ts'
import type { BundleSelection } from './bundle-select.ts'
import { readReport } from './child-report.ts'
import { type AgentSetup, gatePipes, startConfined } from './run-agent.ts'
import { openGate } from './run-gate.ts'

type Ports = {
  readonly clock: Clock
  readonly log: (event: string, details?: Record<string, unknown>) => void
  readonly signal: AbortSignal
}

/** What a bundle came to at an agent; the counts of the door are the word of the confined process. */
export interface AgentImport {
  readonly report: ImportReport
  /** Results without a receipt that wait for an export. */
  readonly waiting: number
  /** Accepted actions that were cut off; the next start reports them as interrupted. */
  readonly unfinished: number
}

/** Lets a bundle in at an agent that does not run. As always this process is the gate and has another, with less power, read what is
 *  hostile; neither has a network (docs/decisions/bundles.md).
 *  @param fd of the open bundle
 *  @throws MigError `state-in-use` while the agent runs */
export async function importBundle(setup: AgentSetup, fd: number, ports: Ports): Promise<AgentImport> {
  const { output, rest } = await runConfined(setup, ['import'], fd, ports)
  const report = importReportSchema.safeParse(output)
  if (!report.success) throw noReport(rest.how)
  return { report: report.data, waiting: rest.waiting, unfinished: rest.unfinished }
}

/** Writes the bundle of an agent that does not run.
 *  @param fd of the file that it is written to
 *  @throws MigError `state-in-use` while the agent runs */
export async function exportBundle(
  setup: AgentSetup,
  selection: BundleSelection,
  fd: number,
  ports: Ports,
): Promise<ExportReport> {
  const words = [
    ...['export', '--for', selection.to],
    ...selection.actions.flatMap((id) => ['--action', id]),
    ...(selection.pages === true ? ['--pages'] : []),
    ...(selection.since === undefined ? [] : ['--since', String(selection.since)]),
  ]
  const { output, rest } = await runConfined(setup, words, fd, ports)
  const report = exportReportSchema.safeParse(output)
  if (!report.success) throw noReport(rest.how)
  return report.data
}

async function runConfined(setup: AgentSetup, words: readonly string[], fd: number, ports: Ports) {
  const { log, signal } = ports
  const { gate, close } = await openGate(setup, ports)
  try {
    const child = startConfined(
      setup,
      ['agent', 'bundle', '--state', setup.state.path, ...words],
      // The file comes open: the process behind the seat belt may open nothing outside its own directory.
      [fd, 'pipe'],
    )
    const stop = () => child.kill('SIGTERM')
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    const { from, to } = gatePipes(child)
    void serveGate(gate, from, to, log)
    const said = await readReport(child, maxBundleReportBytes)
    signal.removeEventListener('abort', stop)
    const { unfinished, waiting } = await gate.progress()
    return { output: parseHostileJson(said.output), rest: { how: said.how, unfinished, waiting } }
  } finally {
    await close().catch((error: unknown) => log('close-failed', { error: messageOf(error) }))
  }
}

function noReport(how: string): MigError {
  return new MigError('internal', `the process that reads and writes bundles ended with ${how}`, {
    hint: 'what it said is above; the agent’s state is whole, try again',
  })
}
