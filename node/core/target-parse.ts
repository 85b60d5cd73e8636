import { setFlagsFromString } from 'node:v8'
import type { Node, ParseResult } from 'libpg-query'
import { messageOf } from './error.ts'
import { maxQuotedTargetChars, maxTargetBytes } from './limits.ts'
import { refuse } from './target-typed.ts'

const prefix = 'SELECT WHERE '

let loading: Promise<typeof import('libpg-query')> | undefined

/** V8 would otherwise optimise the parser in the background: a second of processor time and up to 75 MB, for a gain that the few targets
 *  of a process never bring in (docs/decisions/target-parser.md). */
async function loadParser(): Promise<typeof import('libpg-query')> {
  loading ??= (async () => {
    setFlagsFromString('--liftoff-only')
    const parser = await import('libpg-query')
    await parser.loadModule()
    return parser
  })()
  return loading
}

/** Text → PostgreSQL's own parse tree of it as one WHERE clause, whose locations are offsets into the text.
 *  The parser is PostgreSQL's C code in WebAssembly; it is loaded when it is first needed (docs/decisions/target-parser.md).
 *  @throws MigError `bad-target` */
export async function parseWhere(text: string): Promise<Node> {
  refuseBytes(text)
  const parser = await loadParser()

  function parse(query: string, textAt: number): ParseResult {
    try {
      return parser.parseSync(query)
    } catch (error) {
      const details = parser.hasSqlDetails(error) ? error.sqlDetails : undefined
      if (details === undefined)
        return refuse(0, `the target cannot be parsed: ${messageOf(error)}`, { cause: error })
      // The parser counts characters here, and bytes in its tree.
      const at = offsetOfCharacter(text, details.cursorPosition - textAt)
      const message = at === text.length ? 'syntax error at end of input' : messageOf(error)
      return refuse(
        at,
        message.length > maxQuotedTargetChars ? `${message.slice(0, maxQuotedTargetChars)}…` : message,
        { cause: error },
      )
    }
  }
  // Bare, a parenthesis that closes more than it opened is an error: `1=1) OR (1=1` must not pass.
  parse(prefix + text, prefix.length)
  // In parentheses, everything is an error that may follow a WHERE clause. The line break ends a comment.
  const { stmts } = parse(`${prefix}(${text}\n)`, prefix.length + 1)
  const statement = stmts?.length === 1 ? stmts[0]?.stmt : undefined
  const where =
    statement !== undefined && 'SelectStmt' in statement ? statement.SelectStmt.whereClause : undefined
  if (where === undefined) return refuse(0, 'the target is not one boolean expression')
  moveLocations(where, text)
  return where
}

function refuseBytes(text: string): void {
  const bytes = Buffer.byteLength(text)
  if (bytes > maxTargetBytes)
    refuse(0, `the target has ${bytes} bytes, at most ${maxTargetBytes} are allowed`)
  // C strings end at NUL, and a lone surrogate is no character: the parser would read another text than we signed.
  const odd = /\0|\p{Surrogate}/u.exec(text)
  if (odd !== null) refuse(odd.index, 'the target holds a character that is not text')
}

/** Turns every `location` of the tree from a byte offset into the query into a UTF-16 offset into the text. */
function moveLocations(root: object, text: string): void {
  const offsets: number[] = []
  let at = 0
  for (const character of text) {
    for (let byte = 0; byte < Buffer.byteLength(character); byte++) offsets.push(at)
    at += character.length
  }
  // Not recursive: the depth of the tree has not been checked yet.
  const waiting: unknown[] = [root]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value !== 'object' || value === null) continue
    if ('location' in value && typeof value.location === 'number' && value.location > prefix.length) {
      value.location = offsets[value.location - prefix.length - 1] ?? text.length
    }
    for (const item of Object.values(value)) waiting.push(item)
  }
}

function offsetOfCharacter(text: string, character: number): number {
  let at = 0
  for (let left = character; left > 0 && at < text.length; left--)
    at += (text.codePointAt(at) as number) > 0xffff ? 2 : 1
  // White space at the end belongs to the end.
  return text.slice(at).trim() === '' ? text.length : at
}
