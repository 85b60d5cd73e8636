import { findModule } from '../../modules/registry.ts'
import { type Accounting, accountingLine, exitCodeOf } from '../../node/core/accounting.ts'
import type { Instant } from '../../node/core/clock.ts'
import type { Tally } from '../../node/roles/action-updates.ts'
import type { InvestigatorService, ResultView } from '../../node/roles/service.ts'
import type { CommandContext, ExitCode } from '../context.ts'
import { clockLines, progressLine, reasonLines } from '../views/account.ts'
import { answerCsv, answerCsvHead, answerLines, isShown, outcomeLine, type Show } from '../views/answers.ts'
import { inertJson } from '../views/json.ts'

export interface FollowOptions {
  readonly show: Show
  readonly format?: 'json' | 'jsonl' | 'csv' | undefined
  readonly waitMs?: number | undefined
  /** When nobody will answer any more. */
  readonly expireAfter: Instant
  /** The node ends with this command: what comes later is collected the next time one runs. */
  readonly isShared: boolean
}

/** Answers travel a little after the run has ended. */
const graceMs = 10_000
const pollMs = 1000

/** Prints answers as they come and the account at the end. Ends when everybody who was expected has answered, at `--wait`, at expiry or
 *  after ctrl-C; says how to go on when somebody is still silent. */
export async function followAction(
  id: string,
  service: InvestigatorService,
  options: FollowOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { terminal, clock, signal } = context
  const startedMs = clock.monotonicMs()
  const printer = createPrinter(options, context)
  // The demo follows many questions under one signal: a listener goes when its question is over.
  const over = new AbortController()
  const stopped = whenAborted(signal, over.signal)
  const views = new Map<string, ResultView>()
  let seen = 0
  /** What is new since the last time: an answer is read and sent to this process once, however many there are. */
  async function takeNew(): Promise<Tally> {
    for (;;) {
      const update = await service.updates(id, seen)
      printer.take(update.results)
      for (const view of update.results) views.set(view.peer, view)
      seen = update.change
      terminal.progress(progressLine(update.tally, clock.monotonicMs() - startedMs))
      if (!update.more) return update.tally
    }
  }
  try {
    for (;;) {
      const tally = await takeNew()
      const elapsedMs = clock.monotonicMs() - startedMs
      if (tally.silent === 0 || signal.aborted) break
      const leftMs = Math.min(
        options.expireAfter + graceMs - clock.now(),
        (options.waitMs ?? Number.POSITIVE_INFINITY) - elapsedMs,
      )
      if (leftMs <= 0) break
      await Promise.race([service.changes(id, seen, Math.min(pollMs, leftMs)), stopped])
    }
  } finally {
    over.abort()
  }
  terminal.progress('')
  await takeNew()
  const accounting = await service.accounting(id)
  terminal.progress('')
  printer.finish(id, [...views.values()], accounting)
  for (const line of [...reasonLines(accounting), ...clockLines(accounting)]) terminal.say(line)
  sayTruncated([...views.values()], id, context)
  terminal.say(accountingLine(accounting))
  if (accounting.silent.length > 0) {
    const open = clock.now() < options.expireAfter
    terminal.say(`${open ? 'the question stays open' : 'it has expired'}: mig follow ${id.slice(0, 12)}`)
    if (open && !options.isShared)
      terminal.say('answers are collected while an investigator’s node runs: mig investigator start')
  }
  return exitCodeOf(accounting)
}

/** Prints each agent's answer once. */
function createPrinter(
  options: FollowOptions,
  { terminal }: CommandContext,
): {
  take(views: readonly ResultView[]): void
  finish(id: string, views: readonly ResultView[], accounting: Accounting): void
} {
  const printed = new Set<string>()
  const { format, show } = options
  let isHeadPrinted = false
  return {
    take(views) {
      if (format === 'json') return
      if (format === 'csv' && !isHeadPrinted) terminal.raw(answerCsvHead)
      isHeadPrinted = true
      for (const view of views) {
        if (printed.has(view.peer)) continue
        printed.add(view.peer)
        if (format === 'jsonl') terminal.raw(isShown(view, show) ? `${inertJson(view)}\n` : '')
        else if (format === 'csv') terminal.raw(answerCsv(view, show, findModule))
        else {
          for (const line of answerLines(view, show, findModule)) terminal.out(line)
          if (view.results === undefined)
            terminal.say(`${view.agent} ${outcomeLine(view)}, but the answer cannot be read here`)
        }
      }
    },
    finish(id, views, accounting) {
      if (format !== 'json') return
      const answers = views.filter((view) => isShown(view, show))
      terminal.raw(`${inertJson({ action: id, answers, accounting }, 2)}\n`)
    },
  }
}

function sayTruncated(views: readonly ResultView[], id: string, { terminal }: CommandContext): void {
  const cut = views.filter((view) => view.detailPages !== undefined)
  if (cut.length === 0) return
  const names = cut.map((view) => view.agent).join(', ')
  terminal.say(`not all fitted into the summary of ${names}: mig results ${id.slice(0, 12)} --full`)
}

function whenAborted(signal: AbortSignal, over: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined)
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(undefined), { once: true, signal: over }),
  )
}
