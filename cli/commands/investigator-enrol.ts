import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { defineEnrol } from '../fleet/enrol.ts'

export function define(command: Command, context: CommandContext): void {
  defineEnrol(command, context, 'investigator')
}
