import type { FileParameters } from '../../modules/file/options.ts'
import type { ProgramName } from './programs.ts'

/** Another program that answers the same question. */
export interface Peer {
  /** As the table calls it. */
  readonly name: string
  readonly needs: readonly ProgramName[]
  /** For `sh -c`; what it writes is read as hits. */
  readonly command: string
  /** Says the hits where the timed command does not say them in a form that can be compared; not timed. */
  readonly check?: string
  /** What it writes → hits; lines when absent. */
  readonly hitsOf?: (output: string) => readonly string[]
  /** Highest ratio of wall times (ours ÷ peer) that issue 4 wants. */
  readonly aim?: number
}

/** One question to the module and to its peers. */
export interface ScanCase {
  /** As in scanning.md 11. */
  readonly number: number
  readonly what: string
  readonly corpus: 'T1' | 'T2' | 'T3' | 'T3u' | 'T4' | 'T6'
  readonly search: FileParameters
  readonly peers: readonly Peer[]
  /** What of ours is compared: where the hits are (the default), their SHA-256 beside it, or how many there are. */
  readonly compare?: 'places' | 'hashes' | 'count'
  /** How many there must be, where the corpus knows. */
  readonly hits?: number
  /** A process that is started for it is measured too. */
  readonly isColdToo?: true
  /** Some of it cannot be read, or a limit is part of the question: problems are no failure. */
  readonly mayComplain?: true
}

type Search = NonNullable<FileParameters['searches']>[string]

/** A search by everything in it, without limits. */
export function searchAll(
  path: string,
  checks: Omit<Search, 'paths'>,
  options: Search['options'] = {},
): FileParameters {
  return {
    searches: { s: { paths: [path], ...checks, options: { matchall: true, matchlimit: 0, ...options } } },
  }
}

/** A search by each check for itself. */
export function searchAny(
  path: string,
  checks: Omit<Search, 'paths'>,
  options: Search['options'] = {},
): FileParameters {
  return searchAll(path, checks, { matchall: false, ...options })
}

/** One word of a shell's line. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
