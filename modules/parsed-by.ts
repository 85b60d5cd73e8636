import { z } from 'zod'
import { MigError } from '../node/core/error.ts'

/** Text that some parser of ours takes; its complaint, code and position become those of the schema. */
export function parsedBy(parse: (text: string) => unknown) {
  return z.string().superRefine((text, context) => {
    try {
      parse(text)
    } catch (error) {
      if (!(error instanceof MigError)) throw error
      const { code, position, message } = error
      context.addIssue({ code: 'custom', message, params: { code, position } })
    }
  })
}
