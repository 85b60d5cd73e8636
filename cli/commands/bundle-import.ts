import type { Command } from 'commander'
import { base64Encode } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import { maxBundleRejects } from '../../node/core/limits.ts'
import type { ImportReport } from '../../node/roles/bundle-agent.ts'
import { readBundle } from '../../node/roles/bundle-format.ts'
import { encodePages } from '../../node/roles/bundle-pages.ts'
import { addTallies, totalsOf } from '../../node/roles/bundle-tally.ts'
import type { InvestigatorService } from '../../node/roles/service.ts'
import { encodeItems } from '../../node/sync/item.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { Exit } from '../exit.ts'
import { openBundle } from '../fleet/bundle-file.ts'
import { findBundleNode } from '../fleet/bundle-node.ts'
import { noLog } from '../log.ts'
import { addServiceOptions, type ServiceOptions, withService } from '../service-options.ts'
import { tableLines } from '../views/table.ts'

interface ImportOptions extends ServiceOptions {
  readonly root?: string
  readonly json?: boolean
}

interface Imported {
  readonly report: ImportReport
  /** The node's own. */
  readonly fleet: string
  /** At agents. */
  readonly waiting?: number
  readonly unfinished?: number
}

export function define(command: Command, context: CommandContext): void {
  addServiceOptions(command)
    .argument('<file>')
    .option('--root <dir>', 'at an agent: the machine to look at; default /')
    .option('--json', 'print as JSON')
    .action(async (path: string, options: ImportOptions) => {
      const config = await loadConfig(context, options.config)
      const node = await findBundleNode(context, config, options.state)
      const file = await openBundle(path)
      try {
        const imported =
          node.role === 'agent'
            ? await importAtAgent(context, node.state, options, file.fd)
            : await importAtInvestigator(
                context,
                { ...options, state: node.state },
                file.createReadStream({ autoClose: false }),
              )
        show(context, path, imported, options.json === true)
      } finally {
        await file.close()
      }
    })
}

async function importAtAgent(
  context: CommandContext,
  path: string,
  options: ImportOptions,
  fd: number,
): Promise<Imported> {
  const [{ importBundle }, { offlineSetup }] = await Promise.all([
    import('../../node/roles/bundle-run.ts'),
    import('../fleet/offline-agent.ts'),
  ])
  const setup = await offlineSetup(context, path, options)
  const imported = await importBundle(setup, fd, { clock: context.clock, signal: context.signal, log: noLog })
  return { ...imported, fleet: setup.state.certificate.fleet }
}

async function importAtInvestigator(
  context: CommandContext,
  options: ServiceOptions,
  bundle: AsyncIterable<Uint8Array>,
): Promise<Imported> {
  return withService(context, options, async ({ service }) => {
    const { fleet } = await service.about()
    return { report: await letIn(context, service, fleet, bundle), fleet }
  })
}

async function letIn(
  context: CommandContext,
  service: InvestigatorService,
  fleet: string,
  bundle: AsyncIterable<Uint8Array>,
): Promise<ImportReport> {
  let report: ImportReport = { tally: {} }
  let rejects = 0
  for await (const part of readBundle(bundle)) {
    if (part.kind === 'header') {
      report = { ...report, fleet: part.fleet }
      if (part.fleet !== fleet) break
    } else if (part.kind === 'items' || part.kind === 'pages') {
      const frame = part.kind === 'items' ? encodeItems(part.items) : encodePages(part.pages)
      const { tally, rejects: more } = await service.importItems(base64Encode(frame))
      report = { ...report, tally: addTallies(report.tally, tally) }
      rejects += more
      if (rejects > maxBundleRejects) {
        const reason = `more than ${maxBundleRejects} items are none of any honest node`
        return { ...report, damaged: { position: part.position, reason } }
      }
      if (context.signal.aborted)
        return { ...report, damaged: { position: part.position, reason: 'told to stop' } }
    } else if (part.kind === 'end') report = { ...report, bytes: part.bytes }
    else report = { ...report, damaged: { position: part.position, reason: part.reason } }
  }
  return report
}

/** @throws MigError for a bundle that was not read to its end; what was let in before is shown all the same */
function show(context: CommandContext, path: string, imported: Imported, asJson: boolean): void {
  const { report, fleet, waiting, unfinished } = imported
  const { terminal } = context
  const { taken, held, refused } = totalsOf(report.tally)
  if (asJson) terminal.raw(`${JSON.stringify({ file: path, ...report, waiting, unfinished })}\n`)
  else if (report.bytes !== undefined || taken + held + refused > 0) {
    const lines = Object.entries(report.tally).map(([kind, line]) => [
      kind,
      String(line.taken),
      String(line.held),
      Object.entries(line.refused)
        .map(([code, n]) => `${n} ${code}`)
        .join(', ') || '0',
    ])
    for (const line of tableLines(['', 'taken', 'held', 'refused'], lines)) terminal.out(line)
    if (waiting !== undefined && waiting > 0)
      terminal.say(`${waiting} answers wait for their way back: mig bundle export FILE`)
  }
  if (report.fleet !== undefined && report.fleet !== fleet)
    throw new MigError('wrong-fleet', `${path} is of fleet ${report.fleet}, this node of ${fleet}`)
  if (report.damaged !== undefined)
    throw new MigError(
      'bad-input',
      `${path} is damaged at byte ${report.damaged.position}: ${report.damaged.reason}`,
      {
        hint: `what came before is kept (${taken} new); copy the file again, or export it anew, and import it once more`,
      },
    )
  if (unfinished !== undefined && unfinished > 0) {
    terminal.say(`${unfinished} actions were cut off; the answer will say so`)
    throw new Exit(4)
  }
}
