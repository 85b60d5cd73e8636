import type { Command } from 'commander'
import { oneOf, positiveDuration } from './option-values.ts'
import { type Show, shows } from './views/answers.ts'

/** How answers are shown. */
export interface FollowFlags extends FormatFlags {
  readonly show: Show
  /** Milliseconds. */
  readonly wait?: number | undefined
}

export interface FormatFlags {
  readonly json?: true
  readonly jsonl?: true
  readonly csv?: true
}

export function addFormatOptions(command: Command): Command {
  return command
    .option('--json', 'everything as one JSON document')
    .option('--jsonl', 'one line of JSON a row')
    .option('--csv', 'CSV, safe to open in a spreadsheet')
}

export function addFollowOptions(command: Command): Command {
  return addFormatOptions(command)
    .option('--show <what>', 'found, notfound or all', (text) => oneOf('--show', shows, text), 'found')
    .option('--wait <duration>', 'stop following then', (text) => positiveDuration('--wait', text))
}

export function formatOf(flags: FormatFlags): 'json' | 'jsonl' | 'csv' | undefined {
  if (flags.json === true) return 'json'
  if (flags.jsonl === true) return 'jsonl'
  return flags.csv === true ? 'csv' : undefined
}
