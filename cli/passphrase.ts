import { openSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { MigError } from '../node/core/error.ts'
import { maxPassphraseChars } from '../node/core/limits.ts'
import type { CommandContext } from './context.ts'
import { inert } from './terminal.ts'

/** Asks for a passphrase at the terminal, without echo; for automation `MIG_PASSPHRASE` answers. Never from argv: others can read that.
 *  @param question without the colon
 *  @throws MigError `bad-passphrase` where nobody can be asked, `cancelled` after ctrl-C */
export async function askPassphrase(context: CommandContext, question: string): Promise<string> {
  const { passphrase } = context.settings
  if (passphrase !== undefined) return passphrase
  const terminal = openTerminal()
  if (terminal === undefined) {
    throw new MigError('bad-passphrase', `${question}: there is no terminal to ask at`, {
      hint: 'for automation, set MIG_PASSPHRASE',
    })
  }
  process.stderr.write(`${inert(question)}: `)
  try {
    return await readHidden(terminal)
  } finally {
    process.stderr.write('\n')
  }
}

/** Asks twice, for a passphrase that is being made. */
export async function askNewPassphrase(context: CommandContext, question: string): Promise<string> {
  if (context.settings.passphrase !== undefined) return context.settings.passphrase
  for (let attempt = 0; attempt < 3; attempt++) {
    const first = await askPassphrase(context, question)
    if (first === '') context.terminal.say('a passphrase cannot be empty')
    else if ((await askPassphrase(context, 'the same again')) === first) return first
    else context.terminal.say('the two are not the same')
  }
  throw new MigError('bad-passphrase', 'no passphrase was chosen')
}

/** The terminal, even where standard input is a pipe or a file. */
function openTerminal(): ReadStream | undefined {
  if (process.stdin.isTTY === true) return process.stdin as ReadStream
  if (process.platform === 'win32') return undefined
  try {
    return new ReadStream(openSync('/dev/tty', 'r'))
  } catch {
    return undefined // this process has no terminal: cron, a service, CI
  }
}

function readHidden(terminal: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = (error?: MigError) => {
      terminal.off('data', onData)
      terminal.setRawMode(false)
      terminal.pause()
      if (terminal !== process.stdin) terminal.destroy()
      if (error === undefined) resolve(typed)
      else reject(error)
    }
    const onData = (chunk: Buffer | string) => {
      for (const character of chunk.toString()) {
        if (character === '\r' || character === '\n') return end()
        if (character === '\u0003') return end(new MigError('cancelled', 'no passphrase was given'))
        if (character === '\u0004') return end()
        if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('')
        else if (character === '\u0015') typed = ''
        else if (typed.length < maxPassphraseChars) typed += character
      }
    }
    terminal.setRawMode(true)
    terminal.on('data', onData)
    terminal.resume()
  })
}
