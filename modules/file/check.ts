import type { LinearRegex } from '../../node/core/regex.ts'
import type { FileStat } from '../host/host.ts'
import type { TextKind } from '../scan/program/text-kind.ts'
import type { NumberRange } from './criteria/ranges.ts'
import type { FileVisit } from './visit.ts'

/** The lists of a search that hold filters. */
export type CheckField =
  | 'names'
  | 'modes'
  | 'sizes'
  | 'mtimes'
  | 'contents'
  | 'md5'
  | 'sha1'
  | 'sha2'
  | 'sha3'
  | 'manifests'
  | 'multilines'
  | 'bytes'
  | 'types'
  | 'links'
  | 'owners'
  | 'groups'
  | 'atimes'
  | 'ctimes'
  | 'btimes'
  | 'packaged'
  | 'xattrs'
  | 'capabilities'
  | 'immutable'
  | 'entropies'

/** One filter of a search. */
export interface Check {
  readonly field: CheckField
  /** As the investigator wrote it: it is echoed beside each hit. */
  readonly value: string
  /** Set by `mismatch`: the outcome is turned round. */
  readonly flipped: boolean
  /** The endpoint cannot tell: no file passes, and none is said to fail. */
  readonly isUnknown?: boolean
}

/** What name and stat decide. */
export interface MetadataCheck extends Check {
  readonly needsStat: boolean
  /** Does the file pass, `flipped` taken into account? */
  readonly passes: (
    name: string,
    stat: () => FileStat,
    visit?: Pick<FileVisit, 'directory' | 'name' | 'kind'>,
  ) => boolean
}

export interface ContentCheck extends Check {
  /** How the bytes are read: line by line, as one text, or as they are. */
  readonly text: TextKind
  /** Are the lines that match counted? Only where the check is that some line does. */
  readonly counts: boolean
  readonly regex: Pick<LinearRegex, 'source'>
  readonly inverse: boolean
  readonly macroal: boolean
}

export interface HashCheck extends Check {
  readonly algorithm: HashAlgorithm
  /** Lower case. */
  readonly hex: string
}

/** Some line that a jar has about itself matches; an inverse one passes when none does, for jars too and nothing else. */
export interface ManifestCheck extends Check {
  readonly regex: LinearRegex
  readonly inverse: boolean
}

export interface EntropyCheck extends Check {
  readonly range: NumberRange
}

/** As node:crypto names them. */
export type HashAlgorithm =
  | 'md5'
  | 'sha1'
  | 'sha256'
  | 'sha384'
  | 'sha512'
  | 'sha3-224'
  | 'sha3-256'
  | 'sha3-384'
  | 'sha3-512'
