import type { z } from 'zod'
import type { Host } from './host/host.ts'
import type { Threads } from './threads.ts'

/** A way of looking at a machine. A module declares schemas for what it takes and gives, and one generator.
 *  It never prints, never decides "found anything" for others, and touches the machine only through `Host`. */
export interface ModuleDefinition<P = unknown, E = unknown, S = unknown> {
  /** Lower-case name, as it stands in actions and ACLs. */
  readonly name: string
  /** One line for `mig help`. */
  readonly summary: string
  /** Never authorised by the ACL's `default` entry (protocol 4.3). */
  readonly sensitive: boolean
  /** MIG's own JSON parameters. */
  readonly parameters: z.ZodType<P>
  /** One element of a result; the gate cuts whatever does not fit it (protocol 8). */
  readonly element: z.ZodType<E>
  readonly statistics: z.ZodType<S>
  readonly commandLine: CommandLine<P>
  /** Rewrites parameter forms of older MIG versions to the present one (protocol 3.2); used when an action is drafted. */
  readonly normalise?: (parameters: unknown) => unknown
  /** Looks. Yields findings and problems as they come and returns its statistics.
   *  Must end within a second of `context.signal` aborting, with the statistics of what it had done. */
  readonly run: (parameters: P, context: RunContext) => AsyncGenerator<ModuleEvent<E>, S>
  /** Arranges findings as MIG's `elements`. */
  readonly assemble: (findings: readonly Finding<E>[]) => unknown
  /** MIG's printed lines, without the agent's name in front. Text from the endpoint is returned raw; the caller makes it inert. */
  readonly render: (result: ModuleResult, options: { readonly foundOnly: boolean }) => readonly string[]
}

/** The command-line face of a module: a flat schema whose fields carry `.meta({ flag, help, placeholder })`. */
export interface CommandLine<P> {
  /** A flat object. Arrays are repeatable flags, booleans take no value, everything else takes one. */
  readonly options: z.ZodObject
  /** Values that `options` has parsed → parameters, with MIG's command-line defaults.
   *  @throws MigError `usage` */
  readonly toParameters: (values: Readonly<Record<string, unknown>>) => P
  /** Lines shown by `mig <module> help` under the options. */
  readonly examples: readonly string[]
}

/** Text fields that show paths and names are the only free text that a finding may hold. */
export interface Finding<E> {
  readonly kind: 'finding'
  /** False for "nothing matched this check" elements. */
  readonly found: boolean
  /** Where the element goes: `['s1']` for a file search, `['connectedip', '10.0.0.0/8']` for netstat. */
  readonly group: readonly string[]
  readonly element: E
}

/** Something that could not be looked at. A code and a path, never a library's sentence: those quote data. */
export interface Problem {
  readonly kind: 'problem'
  readonly code: ProblemCode
  /** The path or object it is about. */
  readonly about: string
}

export type ProblemCode =
  | 'not-found'
  | 'permission-denied'
  | 'not-regular'
  | 'symlink-loop'
  | 'symlink-not-followed'
  | 'outside-root'
  | 'name-too-long'
  | 'vanished'
  | 'changed-while-read'
  | 'read-failed'
  | 'corrupt-data'
  | 'encrypted'
  | 'too-large'
  | 'sparse-file'
  | 'skipped-filesystem'
  | 'limit-reached'
  | 'not-supported-here'
  | 'not-resolved'

export type ModuleEvent<E> = Finding<E> | Problem

export interface RunContext {
  readonly host: Host
  /** Aborts at the soft deadline or on cancel. */
  readonly signal: AbortSignal
  /** Wall clock at the start of the run, milliseconds since the epoch. */
  readonly now: number
  /** At most this many findings with `found: true` will be kept; a module may stop there. */
  readonly maxMatches: number
  /** The share of one core that the run may use, more than 0; absent or 1: as much as it gets. */
  readonly share?: number
  /** Threads that look at the same machine; absent where there are none. */
  readonly threads?: Threads
}

/** MIG's five fields (reference/mig.md 2.7), and two of ours. */
export interface ModuleResult {
  readonly foundanything: boolean
  readonly success: boolean
  readonly elements: unknown
  readonly statistics: unknown
  readonly errors: readonly string[] | null
  /** Set when a limit ended the run or cut the result: what is here is true, but not all. */
  readonly truncated?: boolean
}
