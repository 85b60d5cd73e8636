import { MigError } from '../node/core/error.ts'
import { parseGoDuration } from '../node/core/go-duration.ts'

/** A positive whole number as an option's value.
 *  @throws MigError `usage` */
export function wholeNumber(text: string): number {
  const value = Number(text)
  if (/^\d{1,15}$/.test(text) && value > 0) return value
  throw new MigError('usage', `expected a positive whole number, got '${text.slice(0, 40)}'`)
}

/** A positive duration (`300s`, `1h30m`, `7d`) in milliseconds.
 *  @throws MigError `usage` naming the option */
export function positiveDuration(option: string, text: string): number {
  let ms: number
  try {
    ms = parseGoDuration(text)
  } catch (error) {
    if (!(error instanceof MigError)) throw error
    throw new MigError('usage', `${option}: ${error.message}`, { hint: error.hint ?? '', cause: error })
  }
  if (ms > 0) return ms
  throw new MigError('usage', `${option}: expected a positive duration, got ${text}`)
}

/** One of a few words as an option's value.
 *  @throws MigError `usage` */
export function oneOf<T extends string>(option: string, choices: readonly T[], text: string): T {
  const found = choices.find((choice) => choice === text)
  if (found !== undefined) return found
  throw new MigError('usage', `${option}: expected ${choices.join(', ')}, got '${text.slice(0, 40)}'`)
}
