import type { Command } from 'commander'
import { Option } from 'commander'
import type { Instant } from '../../node/core/clock.ts'
import { base64Decode } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import { maxBundleBlockItems } from '../../node/core/limits.ts'
import { createBundleWriter } from '../../node/roles/bundle-format.ts'
import { decodePages } from '../../node/roles/bundle-pages.ts'
import type { BundleSelection } from '../../node/roles/bundle-select.ts'
import { decodeItems } from '../../node/sync/item.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { writeBundleFile } from '../fleet/bundle-file.ts'
import { type BundleNode, findBundleNode } from '../fleet/bundle-node.ts'
import { noLog } from '../log.ts'
import { positiveDuration } from '../option-values.ts'
import { addServiceOptions, type ServiceOptions, withService } from '../service-options.ts'

interface ExportOptions extends ServiceOptions {
  readonly for?: 'agents' | 'investigators'
  readonly action: readonly string[]
  readonly since?: string
  readonly pages?: boolean
  readonly root?: string
  readonly force?: boolean
  readonly json?: boolean
}

interface Exported {
  readonly counts: Readonly<Record<string, number>>
  readonly bytes: number
}

export function define(command: Command, context: CommandContext): void {
  addServiceOptions(command)
    .argument('<file>')
    .addOption(
      new Option(
        '--for <whom>',
        'agents: questions and receipts · investigators: everything; default: whom this node is not',
      ).choices(['agents', 'investigators']),
    )
    .option(
      '--action <id>',
      'only this action and its answers (repeat)',
      (id: string, before: readonly string[]) => [...before, id],
      [],
    )
    .option('--since <duration>', 'only actions issued since, and their answers')
    .option(
      '--pages',
      'for investigators: also whole results, where they did not fit their summaries; at an investigator’s node those that were fetched',
    )
    .option('--root <dir>', 'at an agent: the machine to look at, if something was not run yet; default /')
    .option('--force', 'replace the file')
    .option('--json', 'print as JSON')
    .action(async (path: string, options: ExportOptions) => {
      const config = await loadConfig(context, options.config)
      const node = await findBundleNode(context, config, options.state)
      const ago = options.since === undefined ? undefined : positiveDuration('--since', options.since)
      const selection: BundleSelection = {
        to: options.for ?? (node.role === 'agent' ? 'investigators' : 'agents'),
        actions: options.action,
        ...(options.pages === true ? { pages: true } : {}),
        ...(ago === undefined ? {} : { since: Math.floor(context.clock.now() - ago) as Instant }),
      }
      if (selection.pages === true && selection.to === 'agents')
        throw new MigError(
          'usage',
          '--pages is for investigators: mig bundle export --for investigators --pages',
        )
      const exported = await writeBundleFile(path, options.force === true, (file) =>
        node.role === 'agent'
          ? exportFromAgent(context, node, options, selection, file.fd)
          : exportFromInvestigator(context, { ...options, state: node.state }, selection, async (bytes) => {
              await file.write(bytes)
            }),
      )
      if (options.json === true) context.terminal.raw(`${JSON.stringify({ file: path, ...exported })}\n`)
      else context.terminal.out(describe(path, selection, exported))
    })
}

async function exportFromAgent(
  context: CommandContext,
  { state: path }: BundleNode,
  options: ExportOptions,
  selection: BundleSelection,
  fd: number,
): Promise<Exported> {
  const [{ exportBundle }, { offlineSetup }] = await Promise.all([
    import('../../node/roles/bundle-run.ts'),
    import('../fleet/offline-agent.ts'),
  ])
  const setup = await offlineSetup(context, path, options)
  return exportBundle(setup, selection, fd, { clock: context.clock, signal: context.signal, log: noLog })
}

async function exportFromInvestigator(
  context: CommandContext,
  options: ServiceOptions,
  selection: BundleSelection,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<Exported> {
  return withService(context, options, async ({ service }) => {
    const { fleet } = await service.about()
    const { id, counts } = await service.beginExport(selection)
    const writer = await createBundleWriter(fleet, write)
    for (let page = await service.nextExport(id); page !== null; page = await service.nextExport(id)) {
      const bytes = base64Decode(page) ?? new Uint8Array(0)
      const items = decodeItems(bytes, maxBundleBlockItems)
      for (const item of items ?? []) await writer.add(item)
      if (items === undefined) for (const one of decodePages(bytes) ?? []) await writer.addPage(one)
    }
    return { counts, bytes: await writer.finish() }
  })
}

function describe(path: string, { to }: BundleSelection, { counts, bytes }: Exported): string {
  const parts = Object.entries(counts).map(([kind, n]) => `${n} ${kind}${n === 1 ? '' : 's'}`)
  return `${path} for ${to}: ${parts.length === 0 ? 'nothing' : parts.join(', ')} (${Math.ceil(bytes / 1024)} KiB)`
}
