import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { ModuleDefinition } from '../../modules/module.ts'
import type { Json } from '../../node/core/canonical-json.ts'
import { defaultOutputBytes } from '../../node/core/limits.ts'
import type { CommandContext, ExitCode } from '../context.ts'
import { runHere } from '../run-here.ts'
import { moduleLines } from '../views/answers.ts'
import { csvRow } from '../views/csv.ts'
import { inertJson } from '../views/json.ts'
import type { GlobalOptions } from './globals.ts'

/** `-t local`: runs the module in this process, on this machine, with no mesh and no keys, and prints what MIG prints. */
export async function askLocal(
  operations: readonly { readonly definition: ModuleDefinition; readonly parameters: Json }[],
  options: GlobalOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { terminal, signal } = context
  const limits = {
    wallMs: options.limitWallMs,
    matches: options.limitMatches ?? 1_000_000,
    outputBytes: 8 * defaultOutputBytes,
  }
  let code: ExitCode = 0
  if (options.format === 'csv') terminal.raw(csvRow(['agent', 'module', 'line']))
  for (const { definition, parameters } of operations) {
    const result = await runHere(definition, parameters, resolve(options.root ?? '/'), limits, signal)
    if (!result.success) {
      code = 1
      for (const error of result.errors ?? []) terminal.say(`error: ${error}`)
    }
    if (result.truncated === true) terminal.say('a limit ended the run: what is shown is true, but not all')
    if (options.format === 'json') terminal.raw(`${inertJson(result, 2)}\n`)
    else if (options.format === 'jsonl') terminal.raw(`${inertJson(result)}\n`)
    else {
      for (const line of moduleLines(definition, result, options.show))
        if (options.format === 'csv') terminal.raw(csvRow([hostname(), definition.name, line]))
        else terminal.out(line)
    }
    if (options.show === 'found') sayErrors(result.errors, context)
  }
  return code
}

/** Hits are printed alone; that something could not be looked at must be said all the same. */
function sayErrors(errors: readonly string[] | null, { terminal }: CommandContext): void {
  if (errors === null || errors.length === 0) return
  terminal.say(`${errors.length} ${errors.length === 1 ? 'problem' : 'problems'}, --show all lists them`)
}
