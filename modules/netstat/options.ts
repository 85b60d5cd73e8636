import { z } from 'zod'
import { MigError } from '../../node/core/error.ts'
import { compileRegex } from '../../node/core/regex.ts'
import { parsedBy } from '../parsed-by.ts'
import { parseAddressRange } from './address.ts'

/** An IOC list may be long, but it must fit an action. */
const maxQueries = 10_000

const macPattern = parsedBy((pattern) => {
  try {
    compileRegex(pattern)
  } catch (error) {
    if (!(error instanceof MigError)) throw error
    const { code, message, position } = error
    const place = position === undefined ? {} : { position }
    throw new MigError(code, `Invalid MAC regexp '${pattern}'. ${message}`, { ...place, cause: error })
  }
})

const addressOrBlock = z.string().superRefine((text, context) => {
  if (parseAddressRange(text) === undefined) {
    context.addIssue({ code: 'custom', message: `invalid IPv{4,6} ${text}. Must be an IP or a CIDR.` })
  }
})

const port = z.string().superRefine((text, context) => {
  if (!/^[+-]?\d+$/.test(text)) context.addIssue({ code: 'custom', message: `${text} is not a valid port` })
  else if (Number(text) < 0 || Number(text) > 65_535) {
    context.addIssue({ code: 'custom', message: 'port out of range. must be between 1 and 65535' })
  }
})

function list(item: z.ZodType<string>) {
  return z.array(item).max(maxQueries).optional()
}

/** MIG's JSON parameters (reference/mig.md 5.3). */
export const netstatParameters = z.strictObject({
  localmac: list(macPattern),
  neighbormac: list(macPattern),
  localip: list(addressOrBlock),
  neighborip: list(addressOrBlock),
  connectedip: list(addressOrBlock),
  listeningport: list(port),
  namespaces: z.boolean().optional(),
})
export type NetstatParameters = z.infer<typeof netstatParameters>

/** The six checks, in the order in which MIG prints them. */
export const netstatChecks = [
  'localmac',
  'neighbormac',
  'neighborip',
  'localip',
  'connectedip',
  'listeningport',
] as const satisfies readonly (keyof NetstatParameters)[]
export type NetstatCheck = (typeof netstatChecks)[number]

export const netstatOptions = z.strictObject({
  localmac: list(z.string()).meta({
    flag: 'lm',
    placeholder: '<regex>',
    help: 'hardware address of an interface',
  }),
  neighbormac: list(z.string()).meta({
    flag: 'nm',
    placeholder: '<regex>',
    help: 'hardware address of a neighbour',
  }),
  localip: list(z.string()).meta({ flag: 'li', placeholder: '<ip|cidr>', help: 'address of an interface' }),
  neighborip: list(z.string()).meta({
    flag: 'ni',
    placeholder: '<ip|cidr>',
    help: 'address of a neighbour (IPv4)',
  }),
  connectedip: list(z.string()).meta({
    flag: 'ci',
    placeholder: '<ip|cidr>',
    help: 'remote end of a connection',
  }),
  listeningport: list(z.string()).meta({
    flag: 'lp',
    placeholder: '<port>',
    help: 'port that something listens on',
  }),
  namespaces: z.boolean().optional().meta({ flag: 'namespaces', help: 'look into every network namespace' }),
})

/** @throws MigError `usage` when nothing is asked for */
export function toParameters(values: Readonly<Record<string, unknown>>): NetstatParameters {
  if (!netstatChecks.some((check) => values[check] !== undefined)) {
    throw new MigError('usage', 'netstat: nothing to look for', {
      hint: 'give at least one of -lm -nm -li -ni -ci -lp',
    })
  }
  return values as NetstatParameters
}
