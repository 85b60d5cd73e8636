import { defaultArchiveDepth } from '../../node/core/limits.ts'
import { compileRegex, type LinearRegex } from '../../node/core/regex.ts'
import type { FileKind, Host } from '../host/host.ts'
import type { TextKind } from '../scan/program/text-kind.ts'
import type {
  Check,
  ContentCheck,
  EntropyCheck,
  HashAlgorithm,
  HashCheck,
  ManifestCheck,
  MetadataCheck,
} from './check.ts'
import { Accounts } from './criteria/accounts.ts'
import { parseKinds } from './criteria/kinds.ts'
import { moreChecks, type PlanProblem } from './criteria/more-checks.ts'
import { parseEntropy } from './criteria/ranges.ts'
import { excluderOf, rootsOf } from './criteria/search-paths.ts'
import { type BytePath, toBytePath } from './file-path.ts'
import { goMode } from './go-format.ts'
import { splitInverse } from './inverse.ts'
import type { FileParameters, MismatchFilter, ReturnLevel, Search } from './options.ts'
import { parseMtime } from './parse-mtime.ts'
import { parseSize } from './parse-size.ts'
import { mountsOf } from './skipped-mounts.ts'

/** One search made ready: patterns compiled, defaults filled in, limits as numbers. */
export interface SearchPlan {
  readonly label: string
  readonly search: Search
  readonly roots: readonly BytePath[]
  readonly matchAll: boolean
  readonly returnSha256: boolean
  /** How much a hit tells of the lines that match: nothing, how many, or which. */
  readonly returns: ReturnLevel
  readonly decompress: boolean
  readonly remote: boolean
  readonly kinds: ReadonlySet<FileKind> | undefined
  readonly oneFileSystem: boolean
  readonly isExcluded: ((path: BytePath) => boolean) | undefined
  /** Archives in one another that are looked into; 0 when none is. */
  readonly archiveDepth: number
  /** Directories below one another, the root counted; Infinity for no bound. Likewise the next two. */
  readonly maxDepth: number
  readonly matchLimit: number
  readonly maxErrors: number
  readonly metadata: readonly MetadataCheck[]
  readonly manifests: readonly ManifestCheck[]
  readonly entropies: readonly EntropyCheck[]
  /** What cannot be looked at here, to be told once. */
  readonly problems: readonly PlanProblem[]
  readonly contents: readonly ContentCheck[]
  readonly hashes: readonly HashCheck[]
}

/** Every check of a plan: MIG's in the order in which MIG makes them, then ours. */
export function checksOf(plan: SearchPlan): readonly Check[] {
  return [...plan.metadata, ...plan.contents, ...plan.hashes, ...plan.manifests, ...plan.entropies]
}

/** @param now start of the run in milliseconds since the epoch: what ages of files are measured from
 *  @param host whose accounts, homes and packages are meant */
export function planSearches(parameters: FileParameters, now: number, host: Host): readonly SearchPlan[] {
  const accounts = new Accounts(host)
  const regexes = new Map<string, LinearRegex>()
  const compile = (pattern: string): LinearRegex => {
    const regex = regexes.get(pattern) ?? compileRegex(pattern)
    regexes.set(pattern, regex)
    return regex
  }
  return Object.entries(parameters.searches ?? {}).map(([label, search]) =>
    planSearch(label, search, now, compile, host, accounts),
  )
}

type Compile = (pattern: string) => LinearRegex

function planSearch(
  label: string,
  search: Search,
  now: number,
  compile: Compile,
  host: Host,
  accounts: Accounts,
): SearchPlan {
  const options = search.options ?? {}
  const mismatch = new Set<MismatchFilter>(options.mismatch ?? [])
  const nowNs = BigInt(Math.trunc(now)) * 1_000_000n
  const more = moreChecks(search, nowNs, host, accounts)
  const returns = options.return ?? 'match'
  const isExcluded = excluderOf(search.excludes ?? [])
  const roots = search.paths.map((path) => ({ path, roots: rootsOf(path, host, accounts) }))
  const unknown = roots.filter((root) => root.roots === undefined)
  return {
    label,
    search,
    roots: [...new Set(roots.flatMap((root) => root.roots ?? []))].filter(
      (root) => isExcluded?.(root) !== true,
    ),
    isExcluded,
    oneFileSystem: options.xdev ?? false,
    kinds: kindsOf(search.types ?? []),
    problems: [
      ...unknown.map(({ path }) => ({ code: 'not-resolved', about: toBytePath(`paths ${path}`) }) as const),
      ...(options.xdev === true && mountsOf(host).at('/') === undefined
        ? [{ code: 'not-supported-here', about: 'xdev' } as const]
        : []),
      ...more.problems,
    ],
    returns,
    matchAll: options.matchall ?? false,
    returnSha256: options.returnsha256 ?? false,
    decompress: options.decompress ?? false,
    remote: options.remotefs ?? false,
    archiveDepth: options.archives === true ? (options.archivedepth ?? defaultArchiveDepth) : 0,
    maxDepth: boundOf(options.maxdepth),
    matchLimit: boundOf(options.matchlimit),
    maxErrors: boundOf(options.maxerrors),
    metadata: [
      ...(search.names ?? []).map((value) => nameCheck(value, mismatch.has('name'), compile)),
      ...(search.modes ?? []).map((value) => modeCheck(value, mismatch.has('mode'), compile)),
      ...(search.sizes ?? []).map((value) => sizeCheck(value, mismatch.has('size'))),
      ...(search.mtimes ?? []).map((value) => mtimeCheck(value, mismatch.has('mtime'), nowNs)),
      ...more.checks,
    ],
    entropies: (search.entropies ?? []).map((value) => {
      return { field: 'entropies', value, flipped: false, range: parseEntropy(value) }
    }),
    manifests: (search.manifests ?? []).map((value) => {
      const { pattern, inverse } = splitInverse(value)
      return { field: 'manifests', value, flipped: false, inverse, regex: compile(pattern) }
    }),
    contents: [
      ...(search.contents ?? []).map((value) => {
        const { pattern, inverse } = splitInverse(value)
        const flipped = mismatch.has('content')
        return {
          field: 'contents' as const,
          value,
          flipped,
          inverse,
          text: 'lines' as const,
          counts: returns !== 'match' && !inverse && !flipped && options.macroal !== true,
          regex: compile(pattern),
          macroal: options.macroal ?? false,
        }
      }),
      ...wholeTexts('multilines', 'text', search.multilines ?? []),
      ...wholeTexts('bytes', 'bytes', search.bytes ?? []),
    ],
    hashes: (['md5', 'sha1', 'sha2', 'sha3'] as const).flatMap((field) =>
      (search[field] ?? []).map((value) => hashCheck(field, value, mismatch.has(field))),
    ),
  }
}

/** Undefined when no kind is asked for. */
function kindsOf(types: readonly string[]): ReadonlySet<FileKind> | undefined {
  return types.length === 0 ? undefined : new Set(types.flatMap((text) => [...parseKinds(text)]))
}

/** Expressions that see newlines like everything else. */
function wholeTexts(
  field: 'multilines' | 'bytes',
  text: TextKind,
  values: readonly string[],
): ContentCheck[] {
  return values.map((value) => {
    const { pattern: source, inverse } = splitInverse(value)
    return { field, value, flipped: false, inverse, text, counts: false, regex: { source }, macroal: false }
  })
}

/** 0 and less is no bound; fractions are cut. */
function boundOf(value = 0): number {
  return value <= 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.trunc(value))
}

function nameCheck(value: string, flipped: boolean, compile: Compile): MetadataCheck {
  const { pattern, inverse } = splitInverse(value)
  const regex = compile(pattern)
  const wanted = inverse === flipped
  return { field: 'names', value, flipped, needsStat: false, passes: (name) => regex.test(name) === wanted }
}

function modeCheck(value: string, flipped: boolean, compile: Compile): MetadataCheck {
  const { pattern, inverse } = splitInverse(value)
  const regex = compile(pattern)
  const wanted = inverse === flipped
  return {
    field: 'modes',
    value,
    flipped,
    needsStat: true,
    passes: (_, stat) => regex.test(goMode(stat().kind, stat().mode)) === wanted,
  }
}

function sizeCheck(value: string, flipped: boolean): MetadataCheck {
  const { min, max } = parseSize(value)
  return {
    field: 'sizes',
    value,
    flipped,
    needsStat: true,
    passes: (_, stat) => {
      const size = BigInt(stat().sizeBytes)
      return (size >= min && size <= max) !== flipped
    },
  }
}

function mtimeCheck(value: string, flipped: boolean, nowNs: bigint): MetadataCheck {
  const { side, ageNs } = parseMtime(value)
  const bound = nowNs - ageNs
  return {
    field: 'mtimes',
    value,
    flipped,
    needsStat: true,
    passes: (_, stat) => (side === 'newer' ? stat().mtimeNs > bound : stat().mtimeNs < bound) !== flipped,
  }
}

function hashCheck(field: 'md5' | 'sha1' | 'sha2' | 'sha3', value: string, flipped: boolean): HashCheck {
  const bits = value.length * 4
  const algorithm = field === 'sha2' ? `sha${bits}` : field === 'sha3' ? `sha3-${bits}` : field
  // The schema lets only lengths pass for which this is a name.
  return { field, value, flipped, algorithm: algorithm as HashAlgorithm, hex: value.toLowerCase() }
}
