import { describeFlags } from '../../modules/command-line.ts'
import type { ModuleDefinition } from '../../modules/module.ts'
import { globalFlags } from '../ask/globals.ts'
import { tableLines } from './table.ts'

/** `mig <module> help`. */
export function moduleHelpLines(module: ModuleDefinition): readonly string[] {
  const rows = describeFlags(module).map((flag) => {
    const notes = [
      flag.repeat ? 'repeats' : '',
      flag.default === undefined ? '' : `default ${String(flag.default)}`,
    ]
    const extra = notes.filter((note) => note !== '').join(', ')
    return [
      `  -${flag.flag}${flag.placeholder === undefined ? '' : ` ${flag.placeholder}`}`,
      extra === '' ? flag.help : `${flag.help} (${extra})`,
    ]
  })
  return [
    `mig ${module.name}: ${module.summary}`,
    ...(module.sensitive ? ['sensitive: the ACL needs an entry of its own for it'] : []),
    '',
    `usage: mig [options] ${module.name} [options] [module options]`,
    '',
    'module options:',
    ...tableLines(undefined, rows),
    '',
    'examples:',
    ...module.commandLine.examples.map((example) => `  ${example}`),
    '',
    'mig help ask lists the options of every question (-t, -e, -p, -s, --show …)',
  ]
}

/** The options of every question. */
export function globalHelpLines(): readonly string[] {
  const rows = globalFlags.map(({ names, value, help }) => {
    const forms = names.map((name) => (name.length === 1 ? `-${name}` : `--${name}`)).reverse()
    return [`  ${forms.join(', ')}${value === undefined ? '' : ` ${value}`}`, help]
  })
  return ['options of every question:', ...tableLines(undefined, rows)]
}
