export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** All of our own making: lower-case words and dashes, so that nothing needs quoting. */
export interface CompletionWords {
  readonly commands: readonly (readonly string[])[]
  /** Flags by module. */
  readonly modules: ReadonlyMap<string, readonly string[]>
  readonly globals: readonly string[]
}

/** Completes commands, modules and options; values are completed as file names. */
export function completionScript(shell: Shell, words: CompletionWords): string {
  switch (shell) {
    case 'bash':
      return bash(words)
    case 'zsh':
      return `autoload -Uz bashcompinit && bashcompinit\n${bash(words)}`
    case 'fish':
      return fish(words)
  }
}

function bash(words: CompletionWords): string {
  const cases = [
    ...[...groupsOf(words)].map(([first, seconds]) => `    ${first}) words="${seconds.join(' ')}" ;;`),
    ...[...words.modules].map(
      ([name, flags]) => `    ${name}) words="help ${[...flags, ...words.globals].join(' ')}" ;;`,
    ),
  ]
  return `# mig completion: eval "$(mig completion bash)"
_mig() {
  local word="\${COMP_WORDS[COMP_CWORD]}" first="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case " ${firstWords(words).join(' ')} " in
      *" \${COMP_WORDS[i]} "*) first="\${COMP_WORDS[i]}"; break ;;
    esac
  done
  case "$first" in
    "") words="${firstWords(words).join(' ')}"; [[ "$word" == -* ]] && words="${words.globals.join(' ')}" ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$word"))
}
complete -o filenames -F _mig mig
`
}

function fish(words: CompletionWords): string {
  const lines = ['# mig completion: mig completion fish | source', 'complete -c mig -e']
  for (const word of firstWords(words)) lines.push(`complete -c mig -n __fish_use_subcommand -a ${word}`)
  for (const [first, seconds] of groupsOf(words)) {
    for (const second of seconds)
      lines.push(`complete -c mig -n "__fish_seen_subcommand_from ${first}" -a ${second}`)
  }
  for (const [name, flags] of words.modules) {
    const seen = `complete -c mig -n "__fish_seen_subcommand_from ${name}"`
    for (const flag of flags) lines.push(`${seen} -o ${flag.replace(/^-+/, '')}`)
    for (const flag of words.globals)
      lines.push(`${seen} ${flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`}`)
  }
  return `${lines.join('\n')}\n`
}

function firstWords(words: CompletionWords): readonly string[] {
  return [
    ...new Set([...words.commands.map(([first = '']) => first), ...words.modules.keys(), 'help', 'version']),
  ]
}

/** Second words by first: `action` → `draft check …`. */
function groupsOf(words: CompletionWords): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const [first = '', second] of words.commands) {
    if (second === undefined || words.modules.has(first)) continue
    groups.set(first, [...(groups.get(first) ?? []), second])
  }
  return groups
}
