import { z } from 'zod'
import { MigError } from '../../node/core/error.ts'
import { defaultArchiveDepth, maxArchiveDepth } from '../../node/core/limits.ts'
import { type FileParameters, mismatchFilters, returnLevels, type Search } from './options.ts'

const repeatable = (flag: string, placeholder: string, help: string) =>
  z.array(z.string()).optional().meta({ flag, placeholder, help })
const yesOrNo = (flag: string, help: string) => z.boolean().default(false).meta({ flag, help })
const count = (flag: string, standard: number, help: string) =>
  z.number().default(standard).meta({ flag, placeholder: '<n>', help })

/** MIG's flags, which make one search with the label `s1`. */
export const fileOptions = z.strictObject({
  path: repeatable('path', '<path>', 'where to look, absolute; ~*/.ssh is .ssh of every home directory'),
  name: repeatable('name', '<regex>', "base name; '!regex' for names that do not match"),
  size: repeatable('size', '<size>', 'bytes: 190, <10k (at most), >1g (at least); k, m, g, t'),
  mode: repeatable('mode', '<regex>', "mode as in -rwxr-xr-x, urwxr-xr-x (setuid); '!regex' inverts"),
  mtime: repeatable('mtime', '<period>', 'modified in the last (<) or before (>) 90d, 5h, 30m'),
  content: repeatable('content', '<regex>', "some line matches; with '!regex' none does"),
  md5: repeatable('md5', '<hex>', 'MD5 of the content'),
  sha1: repeatable('sha1', '<hex>', 'SHA-1'),
  sha2: repeatable('sha2', '<hex>', 'SHA-256, 384 or 512, by length'),
  sha3: repeatable('sha3', '<hex>', 'SHA3-224, 256, 384 or 512, by length'),
  maxdepth: count('maxdepth', 1000, 'levels of directories; 1 is the path itself, 0 no bound'),
  maxerrors: count('maxerrors', 30, 'errors returned; 0 for all'),
  matchall: z.boolean().default(true).meta({ flag: 'matchall', help: 'a file must pass every check' }),
  matchany: yesOrNo('matchany', 'report each check by itself; overrides -matchall'),
  macroal: yesOrNo('macroal', 'content expressions must match all lines of the file'),
  mismatch: z
    .array(z.enum(mismatchFilters))
    .optional()
    .meta({
      flag: 'mismatch',
      placeholder: '<filter>',
      help: `turn a filter round: ${mismatchFilters.join(', ')}`,
    }),
  matchlimit: count('matchlimit', 1000, 'hits after which a search stops; 0 for no limit'),
  returnsha256: yesOrNo('returnsha256', 'the SHA-256 of each hit (with -matchall)'),
  decompress: yesOrNo('decompress', 'look inside gzip: content and hashes are those of what is decoded'),
  return: z.enum(returnLevels).default('match').meta({
    flag: 'return',
    placeholder: '<level>',
    help: 'of lines that match: match (nothing more), count, or location (the first 100 by number and offset)',
  }),
  multiline: repeatable(
    'multiline',
    '<regex>',
    "like -content, but over lines: the content is one text; '!regex' inverts",
  ),
  bytes: repeatable('bytes', '<regex>', "over raw bytes, \\xNN is a byte; '!regex' inverts"),
  manifest: repeatable(
    'manifest',
    '<regex>',
    "a jar's `Implementation-Version: 2.14.1` or Maven `group:artifact:version`; '!regex' inverts",
  ),
  exclude: repeatable(
    'exclude',
    '<path|regex>',
    'leave out a path (absolute) and all below it, or paths that match',
  ),
  xdev: yesOrNo('xdev', 'do not enter other file systems'),
  type: repeatable(
    'type',
    '<letters>',
    'kind: f, d, l, p, s, b, c; d,l is one of these. Links are tested themselves',
  ),
  owner: repeatable('owner', '<user>', "name or number; '!root' for anybody else"),
  group: repeatable('group', '<group>', "name or number; '!root' for any other"),
  atime: repeatable('atime', '<period>', 'read in the last (<) or before (>) 90d, 5h, 30m'),
  ctime: repeatable('ctime', '<period>', 'inode changed, likewise'),
  btime: repeatable('btime', '<period>', 'made, likewise'),
  links: repeatable('links', '<n>', 'names of the file: 1, <3 (at most), >2 (at least)'),
  entropy: repeatable('entropy', '<bits>', 'bits of a byte in the content: >7.5 packed or encrypted, <1'),
  packaged: z
    .array(z.enum(['yes', 'no']))
    .optional()
    .meta({ flag: 'packaged', placeholder: '<yes|no>', help: 'did a package bring it (dpkg, apk, pacman)?' }),
  xattr: repeatable('xattr', '<regex>', 'extended attribute: not supported on any endpoint yet'),
  capability: repeatable('capability', '<regex>', 'file capability: not supported on any endpoint yet'),
  immutable: z
    .array(z.enum(['yes', 'no']))
    .optional()
    .meta({
      flag: 'immutable',
      placeholder: '<yes|no>',
      help: 'immutable flag: not supported on any endpoint yet',
    }),
  archives: yesOrNo(
    'archives',
    'test the entries of zip, jar, war, tar, gz, bz2, xz and zst too, nested ones as well',
  ),
  archivedepth: z
    .int()
    .default(defaultArchiveDepth)
    .meta({
      flag: 'archivedepth',
      placeholder: '<n>',
      help: `archives in one another, 1 to ${maxArchiveDepth}`,
    }),
  verbose: yesOrNo('verbose', "accepted because MIG's command line has it; changes nothing"),
})

const listFlags = [
  ['names', 'name'],
  ['sizes', 'size'],
  ['modes', 'mode'],
  ['mtimes', 'mtime'],
  ['contents', 'content'],
  ['md5', 'md5'],
  ['sha1', 'sha1'],
  ['sha2', 'sha2'],
  ['sha3', 'sha3'],
  ['multilines', 'multiline'],
  ['bytes', 'bytes'],
  ['manifests', 'manifest'],
  ['excludes', 'exclude'],
  ['types', 'type'],
  ['owners', 'owner'],
  ['groups', 'group'],
  ['atimes', 'atime'],
  ['ctimes', 'ctime'],
  ['btimes', 'btime'],
  ['links', 'links'],
  ['entropies', 'entropy'],
  ['packaged', 'packaged'],
  ['xattrs', 'xattr'],
  ['capabilities', 'capability'],
  ['immutable', 'immutable'],
] as const

/** @throws MigError `usage` when there is no path */
export function toParameters(values: Readonly<Record<string, unknown>>): FileParameters {
  const given = fileOptions.parse(values)
  if (given.path === undefined || given.path.length === 0) {
    throw new MigError('usage', 'invalid empty search path, must have at least one search path', {
      hint: 'try -path /etc',
    })
  }
  const lists = listFlags.filter(([, flag]) => given[flag] !== undefined)
  const s1: Search = {
    paths: given.path,
    ...Object.fromEntries(lists.map(([field, flag]) => [field, given[flag]])),
    options: {
      maxdepth: given.maxdepth,
      maxerrors: given.maxerrors,
      matchall: given.matchall && !given.matchany,
      macroal: given.macroal,
      mismatch: given.mismatch ?? null,
      matchlimit: given.matchlimit,
      ...(given.returnsha256 ? { returnsha256: true } : {}),
      ...(given.decompress ? { decompress: true } : {}),
      ...(given.return === 'match' ? {} : { return: given.return }),
      ...(given.xdev ? { xdev: true } : {}),
      ...(given.archives ? { archives: true, archivedepth: given.archivedepth } : {}),
    },
  }
  return { searches: { s1 } }
}

export const fileExamples = [
  'mig file -path / -name "^\\.boto$" -content "abcdef123456" -size "<1k" -maxdepth 5',
  'mig file -path /etc/cron.d -path /var/spool/cron -content "(?i)password"',
  'mig file -path /home -path /root -name "^id_" -content "BEGIN .*PRIVATE KEY" -returnsha256',
  'mig file -path /usr/bin -mode "^u" -mtime "<7d"',
  'mig file -path / -archives -name "^JndiLookup\\.class$"',
  'mig file -path /opt -archives -manifest "log4j-core:2\\.(\\d|1[0-6])\\."',
] as const
