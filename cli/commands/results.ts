import type { Command } from 'commander'
import { findModule } from '../../modules/registry.ts'
import { accountingLine } from '../../node/core/accounting.ts'
import { parseInstant } from '../../node/core/instant.ts'
import type { InvestigatorService, ResultView } from '../../node/roles/service.ts'
import type { CommandContext } from '../context.ts'
import { addFormatOptions, type FormatFlags, formatOf } from '../follow-options.ts'
import { oneOf, positiveDuration } from '../option-values.ts'
import { addServiceOptions, type ServiceOptions, withService } from '../service-options.ts'
import {
  answerCsv,
  answerCsvHead,
  answerLines,
  isShown,
  outcomeLine,
  type Show,
  shows,
} from '../views/answers.ts'
import { inertJson } from '../views/json.ts'
import { keepAnswers } from '../views/keep-answers.ts'
import { groupByElement, groupCsv, groupLines } from '../views/rarest.ts'

interface Options extends ServiceOptions, FormatFlags {
  readonly show: Show
  readonly agent?: string
  readonly module?: string
  readonly since?: number
  readonly groupBy?: 'element'
  readonly full?: true
}

const defaultSinceMs = 86_400_000

/** `mig results [ID]`: answers of one action, or of all that came lately. */
export function define(command: Command, context: CommandContext): void {
  addFormatOptions(addServiceOptions(command))
    .argument('[id]', 'the (beginning of an) id; without it every action is shown')
    .option('--show <what>', 'found, notfound or all', (text) => oneOf('--show', shows, text), 'found')
    .option('--agent <name>', 'only this agent')
    .option('--module <name>', 'only this module')
    .option('--since <duration>', 'only what ended since (without an id: default 24h)', (text) =>
      positiveDuration('--since', text),
    )
    .option(
      '--group-by <what>',
      'element: the same finding of several agents once, the rarest first',
      (text) => oneOf('--group-by', ['element'], text),
    )
    .option(
      '--full',
      'fetch what did not fit the summaries, from the agents or from investigators’ nodes that have it',
    )
    .action((id: string | undefined, options: Options) =>
      withService(context, options, async ({ service }) => {
        const actions = id === undefined ? await service.actions() : [(await service.action(id)).view]
        const sinceMs = options.since ?? (id === undefined ? defaultSinceMs : undefined)
        const after = sinceMs === undefined ? undefined : context.clock.now() - sinceMs
        const views: ResultView[] = []
        const accounts: string[] = []
        for (const action of actions) {
          const all = keepAnswers(await service.results(action.id), options).filter(
            (view) => after === undefined || (parseInstant(view.endedat) ?? 0) >= after,
          )
          const wasOver = after !== undefined && (parseInstant(action.expireafter) ?? 0) < after
          if (id === undefined && all.length === 0 && wasOver) continue
          views.push(...(options.full === true ? await whole(all, service, context) : all))
          const account = accountingLine(await service.accounting(action.id))
          accounts.push(id === undefined ? `${action.id.slice(0, 12)} ${action.name}: ${account}` : account)
        }
        print(views, options, context)
        for (const account of accounts) context.terminal.say(account)
        if (accounts.length === 0)
          context.terminal.say('nothing was asked in that time: mig action list shows all')
      }),
    )
}

/** Summaries that do not hold everything are replaced by the whole result, where somebody in reach has it. */
async function whole(
  views: readonly ResultView[],
  service: InvestigatorService,
  { terminal }: CommandContext,
): Promise<readonly ResultView[]> {
  const full: ResultView[] = []
  for (const view of views) {
    if (view.detailPages === undefined) full.push(view)
    else {
      terminal.progress(`fetching ${view.detailPages} pages of ${view.agent} …`)
      full.push(
        await service.detail(view.action, view.peer).catch((error: Error) => {
          terminal.say(`${view.agent}: ${error.message}; its summary is shown`)
          return view
        }),
      )
    }
  }
  terminal.progress('')
  return full
}

function print(views: readonly ResultView[], options: Options, context: CommandContext): void {
  const { terminal } = context
  if (options.groupBy === 'element') {
    printGroups(views, options, context)
    return
  }
  const { show } = options
  const shown = views.filter((view) => isShown(view, show))
  switch (formatOf(options)) {
    case 'csv':
      terminal.raw(answerCsvHead + views.map((view) => answerCsv(view, show, findModule)).join(''))
      break
    case 'json':
      terminal.raw(`${inertJson(shown, 2)}\n`)
      break
    case 'jsonl':
      terminal.raw(shown.map((view) => `${inertJson(view)}\n`).join(''))
      break
    case undefined:
      for (const view of views) printAnswer(view, options, context)
  }
}

function printAnswer(view: ResultView, { show, full }: Options, { terminal }: CommandContext): void {
  for (const line of answerLines(view, show, findModule)) terminal.out(line)
  if (view.results === undefined)
    terminal.say(`${view.agent} ${outcomeLine(view)}, but the answer cannot be read here`)
  else if (view.detailPages !== undefined && full !== true)
    terminal.say(`${view.agent}: not all fitted into its summary; --full fetches the rest`)
}

function printGroups(views: readonly ResultView[], options: Options, { terminal }: CommandContext): void {
  const groups = groupByElement(views, findModule)
  switch (formatOf(options)) {
    case 'csv':
      terminal.raw(groupCsv(groups))
      break
    case 'json':
      terminal.raw(`${inertJson(groups, 2)}\n`)
      break
    case 'jsonl':
      terminal.raw(groups.map((group) => `${inertJson(group)}\n`).join(''))
      break
    case undefined:
      for (const line of groupLines(groups, views.length)) terminal.out(line)
  }
}
