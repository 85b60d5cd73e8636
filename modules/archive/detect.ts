import type { Compression } from './decode.ts'
import { isTarHeader } from './tar-header.ts'
import type { ZipClaim } from './zip-directory.ts'

export type ArchiveKind = 'zip' | 'tar' | Compression

const suffixesOfZip =
  /\.(zip|jar|war|ear|sar|par|rar|aar|apk|apks|xapk|ipa|whl|egg|nupkg|vsix|xpi|crx|jmod|hpi|jpi|kar|docx|docm|xlsx|xlsm|pptx|pptm|odt|ods|odp|epub)$/i

/** What the first 512 bytes say that something is. Names are not asked: they may be anything.
 *  A zip may begin with something else; see `zipClaim`. */
export function detectArchive(start: Buffer): ArchiveKind | undefined {
  if (startsWith(start, [0x1f, 0x8b, 8])) return 'gzip'
  if (/^BZh[1-9](1AY&SY|\x17rE8P\x90)/.test(start.toString('latin1', 0, 10))) return 'bzip2'
  if (startsWith(start, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])) return 'xz'
  if (startsWith(start, [0x28, 0xb5, 0x2f, 0xfd])) return 'zstd'
  if (startsWith(start, [0x50, 0x4b, 3, 4]) || startsWith(start, [0x50, 0x4b, 5, 6])) return 'zip'
  return isTarHeader(start) ? 'tar' : undefined
}

/** Names of what is a zip although it may not begin as one. */
function mayBeZip(name: Buffer): boolean {
  return suffixesOfZip.test(name.toString('latin1'))
}

/** @returns what says that something is a zip; undefined when nothing does */
export function zipClaim(kind: ArchiveKind | undefined, name: Buffer): ZipClaim | undefined {
  if (kind === 'zip') return 'bytes'
  return kind === undefined && mayBeZip(name) ? 'name' : undefined
}

function startsWith(start: Buffer, magic: readonly number[]): boolean {
  return magic.every((byte, at) => start[at] === byte)
}

const suffixesOfStreams: Readonly<Record<Compression, RegExp>> = {
  gzip: /\.(gz|tgz|svgz)$/i,
  zstd: /\.(zst|tzst)$/i,
  xz: /\.(xz|txz)$/i,
  bzip2: /\.(bz2|bz|tbz2|tbz)$/i,
}

/** What a compressed file is called when it is decoded: `x.log.gz` → `x.log`, `x.tgz` → `x.tar`. Nothing in the stream is asked. */
export function decodedName(name: Buffer, compression: Compression): Buffer {
  const text = name.toString('latin1')
  const suffix = suffixesOfStreams[compression].exec(text)
  if (suffix === null || suffix.index === 0) return name
  const bare = text.slice(0, suffix.index)
  return Buffer.from(/^\.t/i.test(suffix[0]) ? `${bare}.tar` : bare, 'latin1')
}
