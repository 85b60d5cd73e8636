import { createInterface } from 'node:readline'
import { MigError } from '../../node/core/error.ts'
import type { CommandContext } from '../context.ts'
import { inert } from '../terminal.ts'

const countdownSeconds = 5

/** `launching in 5 4 3 2 1`: time to think again.
 *  @throws MigError `cancelled` after ctrl-C */
export async function countDown(context: CommandContext, what: string): Promise<void> {
  for (let left = countdownSeconds; left > 0; left--) {
    context.terminal.progress(`${what}. ctrl-C to cancel. launching in ${left}`)
    await pauseMs(1000, context.signal)
    if (context.signal.aborted) throw new MigError('cancelled', 'cancelled: nothing was sent')
  }
  context.terminal.say(`${what}. GO`)
}

/** Asks at the terminal; only `y` and `yes` are yes.
 *  @throws MigError `cancelled` after ctrl-C */
export async function askYesNo(context: CommandContext, question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      const cancel = () => reject(new MigError('cancelled', 'cancelled: nothing was sent'))
      lines.once('SIGINT', cancel)
      lines.once('close', () => resolve(''))
      context.signal.addEventListener('abort', cancel, { once: true })
      lines.question(`${inert(question)} [y/N] `, resolve)
    })
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}

/** Ends early, without throwing, when the signal aborts. Unlike the port's `sleep` it keeps the process alive: somebody waits. */
export function pauseMs(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
