import { RE2JS, RE2JSSyntaxException } from 're2js'
import { MigError } from './error.ts'
import { maxRegexChars, maxRegexInstructions } from './limits.ts'

/** A pattern that matches in time linear in the text: Go's RE2 syntax, never V8's backtracking engine. */
export interface LinearRegex {
  readonly source: string
  /** Is there a match anywhere in the text? Each byte that is not UTF-8 must already read as one U+FFFD. */
  test(text: string): boolean
}

/** Compiles RE2 syntax.
 *  @throws MigError `bad-regex` with the position of the offending part */
export function compileRegex(source: string, flags: { ignoreCase?: boolean } = {}): LinearRegex {
  if (source.length > maxRegexChars) {
    throw new MigError(
      'bad-regex',
      `regular expression has ${source.length} characters, at most ${maxRegexChars} are allowed`,
    )
  }
  // Lists of indicators hold thousands of these: nothing can be wrong with them, and most are never run here.
  if (isPlain.test(source)) return new PlainRegex(source, flags.ignoreCase === true)
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(source, flags.ignoreCase === true ? RE2JS.CASE_INSENSITIVE : 0)
  } catch (error) {
    throw regexError(source, error)
  }
  if (compiled.programSize() > maxRegexInstructions) {
    throw new MigError(
      'bad-regex',
      `regular expression '${source}' compiles to ${compiled.programSize()} steps, at most ${maxRegexInstructions} are allowed`,
    )
  }
  return { source, test: (text) => compiled.test(text) }
}

/** Literal ASCII characters, those with a meaning escaped. */
const isPlain = /^(?:[\w \-/:@,;=<>!"'%&~#`]|\\[.+*?()|[\]{}^$\\/-])*$/

class PlainRegex implements LinearRegex {
  readonly source: string
  readonly #ignoreCase: boolean
  #compiled: RE2JS | undefined

  constructor(source: string, ignoreCase: boolean) {
    this.source = source
    this.#ignoreCase = ignoreCase
  }

  test(text: string): boolean {
    this.#compiled ??= RE2JS.compile(this.source, this.#ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
    return this.#compiled.test(text)
  }
}

function regexError(source: string, error: unknown): MigError {
  if (!(error instanceof RE2JSSyntaxException)) {
    return new MigError('bad-regex', `regular expression '${source}' cannot be compiled`, { cause: error })
  }
  const { error: reason, input } = error as unknown as { error: string; input: string | null }
  // RE2 names the offending part, not its place; the first occurrence is where its parser stood.
  const position = input === null ? 0 : Math.max(0, source.indexOf(input))
  return new MigError('bad-regex', `regular expression '${source}': ${reason} at character ${position + 1}`, {
    position,
    hint: 'patterns use RE2 syntax: no look-around, no back-references',
    cause: error,
  })
}
