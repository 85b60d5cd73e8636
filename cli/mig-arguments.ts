import type { Command } from 'commander'

/** Rewrites MIG's single dashes to the usual form: `-show found` and `-show=found` → `--show found`, `--show=found`, where the command
 *  has such a long option. Short options (`-t`, `-e`), values and everything else stay as they are. */
export function toUsualForm(words: readonly string[], command: Command): string[] {
  const long = new Set(command.options.flatMap((option) => (option.long === undefined ? [] : [option.long])))
  const isLong = (name: string) => long.has(`-${name}`)
  return words.map((word) => {
    const name = word.split('=', 1)[0] ?? ''
    return /^-[a-z][a-z0-9-]+$/.test(name) && isLong(name) ? `-${word}` : word
  })
}
