import { modules } from '../modules/registry.ts'
import type { CommandEntry } from './command-entry.ts'
import { globalHelpLines, moduleHelpLines } from './views/module-help.ts'
import { tableLines } from './views/table.ts'

/** `mig help`, `mig help ask`, `mig help <module>`, `mig help <group>`; undefined for what a command says of itself. */
export function helpLines(
  words: readonly string[],
  commands: readonly CommandEntry[],
): readonly string[] | undefined {
  if (words.length === 0) return overview(commands)
  if (words[0] === 'ask') return globalHelpLines()
  const module = modules.find(({ name }) => name === words[0])
  if (module !== undefined) return moduleHelpLines(module)
  const group = commands.filter(
    (command) => command.hidden !== true && command.words.startsWith(`${words[0]} `),
  )
  if (words.length === 1 && group.length > 0)
    return tableLines(
      undefined,
      group.map((command) => [`mig ${command.words}`, command.summary]),
    )
  return undefined
}

function overview(commands: readonly CommandEntry[]): readonly string[] {
  const shown = commands.filter((command) => command.hidden !== true)
  return [
    'usage: mig [options] <module> [options]    ask every endpoint that matches the target',
    '       mig <command> [options]',
    '',
    '  mig file -path / -name "^\\.boto$" -content "abcdef123456" -size "<1k" -maxdepth 5',
    `  mig -t "tags->>'operator'='IT'" netstat -ci 13.37.66.66`,
    '  mig -t local file -path /etc -name passwd',
    '',
    'modules:',
    ...tableLines(
      undefined,
      modules.map((module) => [`  ${module.name}`, module.summary]),
    ),
    '',
    'commands:',
    ...tableLines(
      undefined,
      shown.map((command) => [`  ${command.words}`, command.summary]),
    ),
    '',
    'mig help ask · mig <module> help · mig <command> --help',
  ]
}
