import type { Command } from 'commander'
import type { CommandContext } from './context.ts'

/** A command's file exports `define`: it declares options on the commander command and returns what runs it. */
export interface CommandModule {
  /** `entries`: every command there is, for those that list them. */
  readonly define: (command: Command, context: CommandContext, entries: readonly CommandEntry[]) => void
}

export interface CommandEntry {
  /** Words after `mig`. */
  readonly words: string
  readonly summary: string
  readonly load: () => Promise<CommandModule>
  /** Not shown in help: used by this project to start its own processes. */
  readonly hidden?: boolean
}
