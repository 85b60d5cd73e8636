import { MigError } from './error.ts'
import { maxTargetRegexInstructions } from './limits.ts'
import { compileRegex, type LinearRegex } from './regex.ts'

/** What the regular expressions of one target have cost so far. */
export interface RegexBudget {
  instructions: number
}

/** Compiles one regular expression of a target, RE2 syntax, and charges it to the target's budget.
 *  @throws MigError `bad-regex` */
export function compileWithin(
  budget: RegexBudget,
  source: string,
  flags: { ignoreCase: boolean },
): LinearRegex {
  budget.instructions += estimateInstructions(source)
  if (budget.instructions > maxTargetRegexInstructions) {
    throw new MigError(
      'bad-regex',
      `the regular expressions of this target need about ${budget.instructions} steps, at most ${maxTargetRegexInstructions} are allowed`,
      { hint: 'counted repetition such as x{1000} is what costs' },
    )
  }
  return compileRegex(source, flags)
}

/** One character of a class, up to its end, with `]` first and `[:alpha:]` inside. */
const classForm = /\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]/sy
const countForm = /\{(\d{1,6})(,(\d{0,6}))?\}/y

/** The characters, times the counts around them: an upper bound that is known before anything is expanded. */
export function estimateInstructions(source: string): number {
  const open: { sum: number; last: number }[] = []
  let group = { sum: 0, last: 0 }
  const add = (cost: number): void => {
    group.sum += group.last
    group.last = cost
  }
  for (let i = 0; i < source.length; i++) {
    countForm.lastIndex = i
    classForm.lastIndex = i
    const count = countForm.exec(source)
    if (count !== null) {
      group.last =
        (group.last + 1) * Math.max(1, Number(count[1]) + (count[2] === ',' ? 1 : 0), Number(count[3] ?? 0))
      i = countForm.lastIndex - 1
    } else if (source[i] === '\\') {
      // A quoted run could hide brackets from this count: nothing after it may be cheaper than all before it.
      if (source[++i] === 'Q') return Number.POSITIVE_INFINITY
      add(1)
    } else if (source[i] === '[' && classForm.test(source)) {
      i = classForm.lastIndex - 1
      add(1)
    } else if (source[i] === '(') {
      open.push(group)
      group = { sum: 2, last: 0 }
    } else if (source[i] === ')' && open.length > 0) {
      const inner = group.sum + group.last
      group = open.pop() as { sum: number; last: number }
      add(inner)
    } else if (/[*+?|]/.test(source[i] as string)) group.sum += 2
    else add(1)
  }
  while (open.length > 0) {
    const inner = group.sum + group.last
    group = open.pop() as { sum: number; last: number }
    add(inner)
  }
  return group.sum + group.last
}
