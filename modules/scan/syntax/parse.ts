import { MigError } from '../../../node/core/error.ts'
import { compileRegex } from '../../../node/core/regex.ts'
import { parseBrackets } from './brackets.ts'
import type { CodePointSet } from './code-point-set.ts'
import { Cursor } from './cursor.ts'
import { parseClassEscape, parseEscape } from './escape.ts'
import { type Assertion, alternation, concatenation, type Node } from './node.ts'
import type { Repertoire } from './repertoire.ts'

/** Parses Go's regular expression syntax (RE2's, Perl flags on). re2js is asked first: what it refuses is refused with its words,
 *  so this parser meets only valid patterns.
 *  @throws MigError `bad-regex`
 *  @see https://pkg.go.dev/regexp/syntax */
export function parsePattern(source: string, repertoire: Repertoire): Node {
  compileRegex(source)
  const parser = new Parser(new Cursor(source), repertoire)
  const node = parser.alternatives()
  if (parser.cursor.isMore) {
    throw new MigError('bad-regex', `regular expression '${source}' cannot be read to its end`)
  }
  return node
}

interface Flags {
  readonly ignoreCase: boolean
  readonly multiLine: boolean
  readonly dotAll: boolean
}

class Parser {
  readonly cursor: Cursor
  readonly #repertoire: Repertoire
  #flags: Flags = { ignoreCase: false, multiLine: false, dotAll: false }

  constructor(cursor: Cursor, repertoire: Repertoire) {
    this.cursor = cursor
    this.#repertoire = repertoire
  }

  /** Up to a closing parenthesis or the end. Flags set within hold for what follows, alternatives too. */
  alternatives(): Node {
    const parts = [this.#sequence()]
    while (this.cursor.skip('|')) parts.push(this.#sequence())
    return alternation(parts)
  }

  #sequence(): Node {
    const parts: Node[] = []
    while (this.cursor.isMore && !this.cursor.at('|') && !this.cursor.at(')')) {
      if (this.cursor.skip('\\Q')) {
        parts.push(...this.#quoted())
        continue
      }
      const bounds = parts.length === 0 ? undefined : this.#repetition()
      if (bounds === undefined) {
        const next = this.#next()
        if (next !== undefined) parts.push(next)
      } else {
        // A bare flag group is no operand: `a(?i)*` repeats the `a`, as in Go.
        parts.push({ kind: 'repetition', body: parts.pop() as Node, ...bounds })
      }
    }
    return concatenation(parts)
  }

  #next(): Node | undefined {
    const { cursor } = this
    if (cursor.skip('(')) return this.#group()
    if (cursor.at('[')) return set(parseBrackets(cursor, this.#repertoire, this.#flags.ignoreCase))
    if (cursor.skip('.')) return set(this.#repertoire.any(this.#flags.dotAll))
    if (cursor.skip('^')) return assertion(this.#flags.multiLine ? 'line-start' : 'text-start')
    if (cursor.skip('$')) return assertion(this.#flags.multiLine ? 'line-end' : 'text-end')
    if (cursor.skip('\\A')) return assertion('text-start')
    if (cursor.skip('\\z')) return assertion('text-end')
    if (cursor.skip('\\b')) return assertion('word-boundary')
    if (cursor.skip('\\B')) return assertion('no-word-boundary')
    if (!cursor.at('\\')) return this.#literal(cursor.next())
    const escaped = parseClassEscape(cursor, this.#repertoire, this.#flags.ignoreCase)
    return set(escaped ?? this.#repertoire.single(parseEscape(cursor), this.#flags.ignoreCase))
  }

  /** After the opening parenthesis. */
  #group(): Node | undefined {
    const { cursor } = this
    const outer = this.#flags
    if (cursor.skip('?')) {
      if (cursor.skip('P<') || cursor.skip('<')) cursor.skipThrough('>')
      else if (!this.#readFlags()) return undefined
    }
    const body = this.alternatives()
    cursor.skip(')')
    this.#flags = outer
    return body
  }

  /** @returns is there a body? `(?i)` has none and sets the flags of what follows, `(?i:…)` those of its body */
  #readFlags(): boolean {
    let sets = true
    const flags = { ...this.#flags }
    for (;;) {
      const letter = this.cursor.next()
      if (letter === 0x2d) sets = false
      else if (letter === 0x69) flags.ignoreCase = sets
      else if (letter === 0x6d) flags.multiLine = sets
      else if (letter === 0x73) flags.dotAll = sets
      else if (letter === 0x3a || letter === 0x29) {
        this.#flags = flags
        return letter === 0x3a
      }
    }
  }

  #quoted(): Node[] {
    return [...this.cursor.takeThrough('\\E')].map((text) => this.#literal(text.codePointAt(0) as number))
  }

  #literal(point: number): Node {
    return concatenation(this.#repertoire.literal(point, this.#flags.ignoreCase).map(set))
  }

  #repetition(): { readonly min: number; readonly max: number } | undefined {
    const bounds = this.#bounds()
    // Lazy or not is no matter here.
    if (bounds !== undefined) this.cursor.skip('?')
    return bounds
  }

  #bounds(): { readonly min: number; readonly max: number } | undefined {
    const { cursor } = this
    if (cursor.skip('*')) return { min: 0, max: Number.POSITIVE_INFINITY }
    if (cursor.skip('+')) return { min: 1, max: Number.POSITIVE_INFINITY }
    if (cursor.skip('?')) return { min: 0, max: 1 }
    // Anything else in braces is literal.
    const match = cursor.skipMatch(/\{(0|[1-9]\d*)(?:(,)(0|[1-9]\d*)?)?\}/y)
    if (match === undefined) return undefined
    const min = Number(match[1])
    if (match[2] === undefined) return { min, max: min }
    return { min, max: match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3]) }
  }
}

function set(points: CodePointSet): Node {
  return { kind: 'set', set: points }
}

function assertion(kind: Assertion): Node {
  return { kind: 'assertion', assertion: kind }
}
