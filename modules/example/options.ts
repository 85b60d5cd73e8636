import { z } from 'zod'
import { MigError } from '../../node/core/error.ts'

const hostname = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/, 'expected a host name such as db1.example.net')

/** What the module takes: MIG's own JSON. Strict, so that a misspelt field is an error and not a silent nothing. */
export const exampleParameters = z.strictObject({
  gethostname: z.boolean().optional(),
  getaddresses: z.boolean().optional(),
  lookuphost: z.array(hostname).max(100).optional(),
})
export type ExampleParameters = z.infer<typeof exampleParameters>

/** The same as flags. `meta` feeds the help text and the table in the README. */
export const exampleOptions = z.strictObject({
  gethostname: z.boolean().optional().meta({ flag: 'gethostname', help: "the machine's name" }),
  getaddresses: z.boolean().optional().meta({ flag: 'getaddresses', help: "the machine's addresses" }),
  lookuphost: z
    .array(z.string())
    .optional()
    .meta({ flag: 'lookuphost', placeholder: '<name>', help: "a name in the machine's /etc/hosts" }),
})

/** @throws MigError `usage` when nothing is asked for */
export function toParameters(values: Readonly<Record<string, unknown>>): ExampleParameters {
  if (Object.values(values).every((value) => value === undefined || value === false)) {
    throw new MigError('usage', 'example: nothing to look for', { hint: 'try mig example -gethostname' })
  }
  return values as ExampleParameters
}
