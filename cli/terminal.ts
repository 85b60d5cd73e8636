import type { MigError } from '../node/core/error.ts'

/** Where a command speaks: data to stdout, talk to stderr. */
export interface Terminal {
  readonly isInteractive: boolean
  /** stderr is a terminal: progress lines may be rewritten in place. */
  readonly canRewrite: boolean
  readonly useColor: boolean
  /** One line of data, made inert. */
  out(line: string): void
  /** JSON or CSV of our own making, written as it is. */
  raw(text: string): void
  /** One line of talk, made inert. */
  say(line: string): void
  /** A line that the next one overwrites; nothing when stderr is not a terminal. */
  progress(line: string): void
}

/** @param onClosed called when nobody reads standard output any more, as after `| head` */
export function createTerminal(noColor: boolean, onClosed: () => void = () => undefined): Terminal {
  process.stdout.on('error', onClosed)
  const canRewrite = process.stderr.isTTY === true
  let pending = false
  const clear = () => {
    if (pending) process.stderr.write('\r\u001b[2K')
    pending = false
  }
  return {
    isInteractive: process.stdin.isTTY === true && canRewrite,
    canRewrite,
    useColor: canRewrite && !noColor,
    out(line) {
      clear()
      process.stdout.write(`${inert(line)}\n`)
    },
    raw(text) {
      clear()
      process.stdout.write(text)
    },
    say(line) {
      clear()
      process.stderr.write(`${inert(line)}\n`)
    },
    progress(line) {
      if (!canRewrite) return
      clear()
      process.stderr.write(inert(line).slice(0, (process.stderr.columns || 80) - 1))
      pending = true
    },
  }
}

const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu

/** Text from a machine as one inert line: controls, direction marks, zero-width and private characters are shown as `\u{…}`,
 *  so that a file name can neither move the cursor nor fake a line (reference/security.md T40). */
export function inert(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.codePointAt(0) ?? 0
    if (character === '\t') return '\\t'
    if (character === '\n') return '\\n'
    if (character === '\r') return '\\r'
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}

/** How an expected failure is told: the sentence, where it is, and what to do next. */
export function describeError(error: MigError): readonly string[] {
  const place = error.position === undefined ? '' : ` (at character ${error.position + 1})`
  const lines = [`error: ${error.message}${error.message.includes('at character') ? '' : place}`]
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`)
  return lines
}
