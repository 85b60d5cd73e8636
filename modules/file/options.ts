import { z } from 'zod'
import { MigError } from '../../node/core/error.ts'
import { maxArchiveDepth } from '../../node/core/limits.ts'
import { compileRegex } from '../../node/core/regex.ts'
import { parsedBy } from '../parsed-by.ts'
import { firstTooMany } from '../scan/check-patterns.ts'
import { parseFor } from '../scan/program/language.ts'
import type { TextKind } from '../scan/program/text-kind.ts'
import { parseAccount } from './criteria/accounts.ts'
import { parseKinds } from './criteria/kinds.ts'
import { parseEntropy, parseLinks } from './criteria/ranges.ts'
import { parseExclude, parsePath } from './criteria/search-paths.ts'
import { splitInverse } from './inverse.ts'
import { parseAge, parseMtime } from './parse-mtime.ts'
import { parseSize } from './parse-size.ts'

export const mismatchFilters = [
  'name',
  'size',
  'mode',
  'mtime',
  'content',
  'md5',
  'sha1',
  'sha2',
  'sha3',
] as const
export type MismatchFilter = (typeof mismatchFilters)[number]

/** What a hit tells of the lines that content expressions match; never what is in them. */
export const returnLevels = ['match', 'count', 'location'] as const
export type ReturnLevel = (typeof returnLevels)[number]

const maxLabelChars = 64

function hex(...digits: readonly number[]) {
  return parsedBy((text) => {
    if (/^[0-9A-Fa-f]*$/.test(text) && digits.includes(text.length)) return
    const wanted = digits.join(', ')
    throw new MigError(
      'bad-parameters',
      `expected ${wanted} hexadecimal digits, got ${text.length} characters`,
    )
  })
}

const regexOf = (kind: TextKind) =>
  parsedBy((text) => {
    if (text === '') throw new MigError('bad-parameters', 'Empty values are not permitted')
    const { pattern, inverse } = splitInverse(text)
    try {
      // What names and modes are matched by, and more than what is looked for in contents.
      if (kind === 'lines') compileRegex(pattern)
      else parseFor(kind, pattern)
    } catch (error) {
      if (!(error instanceof MigError) || error.position === undefined || !inverse) throw error
      throw new MigError(error.code, error.message, { position: error.position + 1, cause: error })
    }
  })
const regex = regexOf('lines')

// Go writes an unset list as null, and MIG's published files hold such nulls.
const listOf = <T extends z.ZodType>(item: T) => z.array(item).nullable().optional()

const options = z.strictObject({
  maxdepth: z.number().optional(),
  maxerrors: z.number().optional(),
  remotefs: z.boolean().optional(),
  matchall: z.boolean().optional(),
  macroal: z.boolean().optional(),
  mismatch: listOf(z.enum(mismatchFilters)),
  matchlimit: z.number().optional(),
  debug: z.string().optional(),
  returnsha256: z.boolean().optional(),
  decompress: z.boolean().optional(),
  return: z.enum(returnLevels).optional(),
  xdev: z.boolean().optional(),
  archives: z.boolean().optional(),
  archivedepth: z.int().min(1).max(maxArchiveDepth).optional(),
})
export type SearchOptions = z.infer<typeof options>

const search = z.strictObject({
  description: z.string().optional(),
  paths: z.array(parsedBy(parsePath)).min(1, 'invalid empty search path, must have at least one search path'),
  contents: listOf(regex),
  names: listOf(regex),
  sizes: listOf(parsedBy(parseSize)),
  modes: listOf(regex),
  mtimes: listOf(parsedBy(parseMtime)),
  md5: listOf(hex(32)),
  sha1: listOf(hex(40)),
  sha2: listOf(hex(64, 96, 128)),
  sha3: listOf(hex(56, 64, 96, 128)),
  manifests: listOf(regex),
  multilines: listOf(regexOf('text')),
  bytes: listOf(regexOf('bytes')),
  excludes: listOf(parsedBy(parseExclude)),
  types: listOf(parsedBy(parseKinds)),
  owners: listOf(parsedBy(parseAccount)),
  groups: listOf(parsedBy(parseAccount)),
  atimes: listOf(parsedBy((text) => parseAge(text, 'atime'))),
  ctimes: listOf(parsedBy((text) => parseAge(text, 'ctime'))),
  btimes: listOf(parsedBy((text) => parseAge(text, 'btime'))),
  links: listOf(parsedBy(parseLinks)),
  entropies: listOf(parsedBy(parseEntropy)),
  packaged: listOf(z.enum(['yes', 'no'])),
  xattrs: listOf(regex),
  capabilities: listOf(regex),
  immutable: listOf(z.enum(['yes', 'no'])),
  options: options.nullable().optional(),
})
export type Search = z.infer<typeof search>

const scannedFields = [
  ['contents', 'lines'],
  ['multilines', 'text'],
  ['bytes', 'bytes'],
] as const

/** MIG's JSON parameters (reference/mig.md 5.2). Strict: a misspelt filter must not silently widen a search. */
export const fileParameters = z.strictObject({
  searches: z
    .record(z.string(), search)
    .superRefine((searches, context) => {
      for (const label of Object.keys(searches)) {
        const complaint = labelComplaint(label)
        if (complaint !== undefined) context.addIssue({ code: 'custom', message: complaint, path: [label] })
      }
      for (const [field, text] of scannedFields) {
        // One file may be searched for all of them at once.
        const all = Object.entries(searches).flatMap(([label, search]) =>
          (search[field] ?? []).map((value, i) => ({ value, path: [label, field, i] })),
        )
        const sources = all.map(({ value }) => splitInverse(value).pattern)
        const excess = firstTooMany(sources, text)
        if (excess === undefined) continue
        const { code, message } = excess.error
        context.addIssue({ code: 'custom', message, path: all[excess.at]?.path ?? [], params: { code } })
      }
    })
    .nullable()
    .optional(),
})
export type FileParameters = z.infer<typeof fileParameters>

function labelComplaint(label: string): string | undefined {
  if (label === '') return 'empty labels are not permitted'
  const count = [...label].length
  if (count > maxLabelChars) return `the label has ${count} characters, at most ${maxLabelChars} are allowed`
  return label.includes('\n') ? 'a label holds no line break' : undefined
}
