import { z } from 'zod'
import {
  maxArchiveDepth,
  maxElementPlaces,
  maxEventStringChars,
  maxLinePlaces,
} from '../../node/core/limits.ts'
import type { FileStat } from '../host/host.ts'
import type { Check } from './check.ts'
import { type DisplayPath, displayPath } from './display-path.ts'
import type { EntryFacts } from './entry-facts.ts'
import { type BytePath, bytesOf, join } from './file-path.ts'
import { goMode, goTime } from './go-format.ts'
import type { CheckedLines, Hit } from './match-file.ts'
import { mismatchFilters, returnLevels, type Search } from './options.ts'
import type { SearchPlan } from './search-plan.ts'
import type { FileVisit } from './visit.ts'

/** A nested path of them fits in one event. */
const maxEntryNameChars = 4096

const words = z.array(z.string()).optional()
const wordsLike = (form: RegExp) => z.array(z.string().regex(form)).optional()
const ages = wordsLike(/^[<>][0-9]{1,19}[dhm]$/)
const yesOrNo = z.array(z.enum(['yes', 'no'])).optional()
const hashes = wordsLike(/^[0-9A-Fa-f]{32,128}$/)

// The search as it stands beside a hit. It repeats the question, so that each element can be read by itself: whoever takes in
// elements of others may check that its words are words of the question.
const echo = z.strictObject({
  description: z.string().optional(),
  paths: z.array(z.string()),
  contents: words,
  names: words,
  sizes: wordsLike(/^[<>]?[0-9]{1,40}[kmgt]?$/),
  modes: words,
  mtimes: ages,
  md5: hashes,
  sha1: hashes,
  sha2: hashes,
  sha3: hashes,
  manifests: words,
  multilines: words,
  bytes: words,
  excludes: words,
  types: wordsLike(/^[fdlpsbc](,[fdlpsbc])*$/),
  owners: words,
  groups: words,
  atimes: ages,
  ctimes: ages,
  btimes: ages,
  links: wordsLike(/^[<>]?[0-9]{1,9}$/),
  entropies: wordsLike(/^[<>][0-8](\.[0-9]{1,6})?$/),
  packaged: yesOrNo,
  xattrs: words,
  capabilities: words,
  immutable: yesOrNo,
  options: z.strictObject({
    maxdepth: z.number(),
    maxerrors: z.number(),
    remotefs: z.boolean().optional(),
    matchall: z.boolean(),
    macroal: z.boolean(),
    mismatch: z.array(z.enum(mismatchFilters)).nullable(),
    matchlimit: z.number(),
    debug: z.literal('print').optional(),
    returnsha256: z.boolean().optional(),
    decompress: z.boolean().optional(),
    return: z.enum(returnLevels).optional(),
    xdev: z.boolean().optional(),
    archives: z.boolean().optional(),
    archivedepth: z.number().optional(),
  }),
})
type Echo = z.infer<typeof echo>

/** How many lines an expression matches, and where the first of them are. */
const matched = z.strictObject({
  content: z.string(),
  lines: z.int().nonnegative(),
  /** A part of the file was not looked at. */
  partial: z.literal(true).optional(),
  places: z
    .array(z.strictObject({ line: z.int().positive(), offset: z.int().nonnegative() }))
    .max(maxLinePlaces)
    .optional(),
})

/** MIG's element, and `rawfile` beside a path that is not UTF-8. `file` is empty where nothing matched. What lies in an archive has the
 *  archive's path as `file`, and in `entry` the names from the outermost archive in. */
export const fileElement = z.strictObject({
  file: z.string(),
  rawfile: z.base64().optional(),
  entry: z.array(z.string()).max(maxArchiveDepth).optional(),
  rawentry: z.array(z.base64()).max(maxArchiveDepth).optional(),
  matches: z.array(matched).optional(),
  search: echo,
  fileinfo: z.strictObject({
    size: z.number(),
    mode: z.string().regex(/^[-dLDpScugt?]{0,6}[-rwx]{0,9}$/),
    lastmodified: z.string().regex(/^([-0-9 :.]{0,40}( \+0000 UTC| ns))?$/),
    sha256: z
      .string()
      .regex(/^[0-9A-F]{64}$/)
      .optional(),
  }),
})
export type FileElement = z.infer<typeof fileElement>

/** @param stat of the file, or of what a link leads to */
export function hitElement(
  { plan, check, sha256, lines }: Hit,
  visit: FileVisit,
  stat: FileStat,
): FileElement {
  const directory = shown(visit.directory).file
  return {
    ...shown(join(visit.directory, visit.name)),
    ...(lines === undefined ? {} : { matches: matchesOf(lines, plan.returns === 'location') }),
    search: check === undefined ? echoSearch(plan) : echoCheck(check, [directory]),
    fileinfo: {
      size: stat.sizeBytes,
      mode: goMode(stat.kind, stat.mode),
      lastmodified: goTime(stat.mtimeNs),
      ...(sha256 === undefined ? {} : { sha256: sha256.toUpperCase() }),
    },
  }
}

function matchesOf(lines: readonly CheckedLines[], withPlaces: boolean): FileElement['matches'] {
  let left = maxElementPlaces
  return lines.map(({ check, found }) => {
    const places = withPlaces ? found.places.slice(0, Math.min(left, maxLinePlaces)) : []
    left -= places.length
    return {
      content: check.value,
      lines: found.count,
      ...(found.isWhole ? {} : { partial: true as const }),
      ...(withPlaces ? { places: places.map(({ line, offset }) => ({ line, offset })) } : {}),
    }
  })
}

/** The element of an entry. What its archive does not say stays empty; a size is -1 where nobody has decoded it. */
export function entryElement(hit: Hit, visit: FileVisit, facts: EntryFacts): FileElement {
  const { fileinfo, search, ...file } = hitElement(hit, visit, facts.stat)
  const names = facts.path.map((name) => shown(name.toString('latin1'), maxEntryNameChars))
  const isText = names.every(({ rawfile }) => rawfile === undefined)
  return {
    ...file,
    entry: names.map((name) => name.file),
    ...(isText ? {} : { rawentry: facts.path.map(rawName) }),
    search,
    fileinfo: {
      ...fileinfo,
      mode: facts.knows('modes') ? fileinfo.mode : '',
      lastmodified: facts.knows('mtimes') ? fileinfo.lastmodified : '',
    },
  }
}

/** Base64 of a name, of its beginning when it is too long to be shown. */
function rawName(name: Buffer): string {
  return name.subarray(0, Math.floor(maxEntryNameChars / 4) * 3).toString('base64')
}

/** Says that nothing matched a search, or one check of it. */
export function missElement(plan: SearchPlan, check: Check | undefined): FileElement {
  return {
    file: '',
    search: check === undefined ? echoSearch(plan) : echoCheck(check, plan.search.paths),
    fileinfo: { size: 0, mode: '', lastmodified: '' },
  }
}

/** A path as text, cut in the middle when an event could not carry it. */
export function shown(path: BytePath, maxChars = maxEventStringChars): DisplayPath {
  const { file, rawfile } = displayPath(bytesOf(path))
  if (file.length <= maxChars && (rawfile?.length ?? 0) <= maxChars)
    return { file, ...(rawfile && { rawfile }) }
  const half = Math.floor(maxChars / 2) - 1
  return { file: `${file.slice(0, half)}…${file.slice(-half)}`.toWellFormed() }
}

const noOptions: Echo['options'] = {
  maxdepth: 0,
  maxerrors: 0,
  matchall: false,
  macroal: false,
  mismatch: null,
  matchlimit: 0,
}

function echoCheck({ field, value }: Check, paths: readonly string[]): Echo {
  return { paths: [...paths], [field]: [value], options: noOptions }
}

const listFields = [
  ...([
    'contents',
    'names',
    'sizes',
    'modes',
    'mtimes',
    'md5',
    'sha1',
    'sha2',
    'sha3',
    'manifests',
    'multilines',
    'bytes',
  ] as const),
  ...(['excludes', 'types', 'owners', 'groups', 'atimes', 'ctimes', 'btimes', 'links', 'entropies'] as const),
  ...(['packaged', 'xattrs', 'capabilities', 'immutable'] as const),
] as const

/** As MIG prints it: empty fields are left out, the three limits are 0. */
function echoSearch({ search }: SearchPlan): Echo {
  const { matchall, macroal, mismatch, remotefs, debug, returnsha256, decompress } = search.options ?? {}
  const { return: returns, xdev, archives, archivedepth } = search.options ?? {}
  return {
    ...(search.description ? { description: search.description } : {}),
    paths: search.paths,
    ...listsOf(search),
    options: {
      ...noOptions,
      ...(remotefs ? { remotefs } : {}),
      matchall: matchall ?? false,
      macroal: macroal ?? false,
      mismatch: mismatch ?? null,
      ...(debug === 'print' ? { debug } : {}),
      ...(returnsha256 ? { returnsha256 } : {}),
      ...(decompress ? { decompress } : {}),
      ...(returns !== undefined && returns !== 'match' ? { return: returns } : {}),
      ...(xdev ? { xdev } : {}),
      ...(archives ? { archives } : {}),
      ...(archives && archivedepth !== undefined ? { archivedepth } : {}),
    },
  }
}

function listsOf(search: Search): Pick<Echo, (typeof listFields)[number]> {
  const present = listFields.filter((field) => (search[field]?.length ?? 0) > 0)
  // Each list is of the type that the schema of the search gave it.
  return Object.fromEntries(present.map((field) => [field, search[field]])) as Pick<
    Echo,
    (typeof listFields)[number]
  >
}
