import { MigError } from '../../node/core/error.ts'
import { summarySizesBytes } from '../../node/core/limits.ts'
import { oneOf, positiveDuration, wholeNumber } from '../option-values.ts'
import { type Show, shows } from '../views/answers.ts'

/** Options of every question, whatever the module. */
export interface GlobalOptions {
  target?: string
  targetFound?: string
  targetNotFound?: string
  expireMs?: number
  title?: string
  input?: string
  print?: boolean
  sign?: boolean
  yes?: boolean
  show: Show
  waitMs?: number
  config?: string
  case?: string
  readers: string[]
  limitWallMs?: number
  limitMatches?: number
  summaryBytes?: 4096 | 16_384 | 32_768
  format?: 'json' | 'jsonl' | 'csv'
  state?: string
  listen?: string[]
  bootstrap?: string[]
  root?: string
  key?: string
  gpg?: boolean
  verbose?: boolean
}

export interface GlobalFlag {
  /** Without dashes; the first is the one that help shows. */
  readonly names: readonly string[]
  readonly value: string | undefined
  readonly help: string
  readonly take: (options: GlobalOptions, value: string) => void
}

const formatFlag = (format: 'json' | 'jsonl' | 'csv', help: string): GlobalFlag => ({
  names: [format],
  value: undefined,
  help,
  take: (options) => {
    options.format = format
  },
})

/** In the order of help. A module's own flag of the same name goes before these, after the module's name. */
export const globalFlags: readonly GlobalFlag[] = [
  flag(
    ['target', 't'],
    '<expr>',
    "who answers; `local`: this machine, without a mesh (default status='online')",
    (o, v) => {
      o.target = v
    },
  ),
  flag(['target-found'], '<id>', 'only those that found something in an earlier action', (o, v) => {
    o.targetFound = v
  }),
  flag(['target-notfound'], '<id>', 'only those that found nothing in it', (o, v) => {
    o.targetNotFound = v
  }),
  flag(
    ['expire', 'e'],
    '<duration>',
    'how long the question stays open (default 300s, at most 7d)',
    (o, v) => {
      o.expireMs = positiveDuration('--expire', v)
    },
  ),
  flag(['title', 'n'], '<text>', "the action's name (default: the command itself)", (o, v) => {
    o.title = v
  }),
  flag(['input', 'i'], '<file>', 'take the action from a file', (o, v) => {
    o.input = v
  }),
  toggle(['print', 'p'], 'print the unsigned action and stop', (o, v) => {
    o.print = v
  }),
  toggle(['sign', 's'], 'sign, print and stop (to be co-signed; open for 24h without -e)', (o, v) => {
    o.sign = v
  }),
  toggle(['yes', 'y'], 'no countdown and no question', (o, v) => {
    o.yes = v
  }),
  flag(['show'], 'found|notfound|all', 'which answers are printed (default found)', (o, v) => {
    o.show = oneOf('--show', shows, v)
  }),
  flag(['wait'], '<duration>', 'stop following then; the question stays open', (o, v) => {
    o.waitMs = positiveDuration('--wait', v)
  }),
  flag(['case'], '<id>', 'the case that it belongs to', (o, v) => {
    o.case = v
  }),
  flag(
    ['reader'],
    '<person>',
    'who can read the answers (repeat; default: everybody with weight)',
    (o, v) => {
      o.readers.push(v)
    },
  ),
  flag(['limit-wall'], '<duration>', 'time of each run, below what the policy allows', (o, v) => {
    o.limitWallMs = positiveDuration('--limit-wall', v)
  }),
  flag(['limit-matches'], '<n>', 'findings of each run, below what the policy allows', (o, v) => {
    o.limitMatches = wholeNumber(v)
  }),
  flag(
    ['summary-bytes'],
    '<n>',
    `size that every answer is padded to: ${summarySizesBytes.join(', ')}`,
    (o, v) => {
      o.summaryBytes = Number(oneOf('--summary-bytes', summarySizesBytes.map(String), v)) as 4096
    },
  ),
  formatFlag('json', 'everything as one JSON document'),
  formatFlag('jsonl', 'one line of JSON an answer, as they come'),
  formatFlag('csv', 'CSV, safe to open in a spreadsheet'),
  flag(['config', 'c'], '<file>', 'configuration', (o, v) => {
    o.config = v
  }),
  flag(['key'], '<fingerprint>', 'the key that signs', (o, v) => {
    o.key = v
  }),
  toggle(['gpg'], 'only keys that gpg holds (-gpg=false: only key files)', (o, v) => {
    o.gpg = v
  }),
  toggle(['no-gpg'], 'only encrypted key files', (o, v) => {
    o.gpg = !v
  }),
  flag(['state'], '<dir>', 'state directory of the investigator’s node', (o, v) => {
    o.state = v
  }),
  flag(['listen'], '<address>', 'where a node of the command’s own listens (repeat)', (o, v) => {
    o.listen = [...(o.listen ?? []), v]
  }),
  flag(['bootstrap'], '<address|file>', 'members to dial first (repeat)', (o, v) => {
    o.bootstrap = [...(o.bootstrap ?? []), v]
  }),
  flag(['root'], '<dir>', 'with -t local: the machine to look at, such as a mounted image', (o, v) => {
    o.root = v
  }),
  toggle(['verbose', 'v'], 'say what the command’s own node does', (o, v) => {
    o.verbose = v
  }),
]

/** Go's words for a boolean.
 *  @throws MigError `usage` */
export function readBoolean(name: string, text: string): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false
  throw new MigError('usage', `invalid boolean value ${JSON.stringify(text)} for -${name}: parse error`)
}

function flag(
  names: readonly string[],
  value: string,
  help: string,
  take: (options: GlobalOptions, value: string) => void,
): GlobalFlag {
  return { names, value, help, take }
}

function toggle(
  names: readonly string[],
  help: string,
  take: (options: GlobalOptions, value: boolean) => void,
): GlobalFlag {
  return { names, value: undefined, help, take: (o, v) => take(o, readBoolean(names[0] ?? '', v)) }
}
