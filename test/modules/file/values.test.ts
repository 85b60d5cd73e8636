import { describe, expect, it } from 'vitest'
import { cleanPath } from '../../../modules/file/file-path.ts'
import { goMode, goTime } from '../../../modules/file/go-format.ts'
import { parseMtime } from '../../../modules/file/parse-mtime.ts'
import { parseSize } from '../../../modules/file/parse-size.ts'
import { Mounts } from '../../../modules/file/skipped-mounts.ts'
import { MigError } from '../../../node/core/error.ts'

const largest = 2n ** 63n - 1n
const refused = (call: () => unknown) => {
  try {
    call()
  } catch (error) {
    return error instanceof MigError ? error.code : error
  }
  return 'accepted'
}

describe('parseSize', () => {
  it.each([
    ['0', 0n, 0n],
    ['190', 190n, 190n],
    ['1k', 1024n, 1024n],
    ['<2m', 0n, 2n << 20n],
    ['>3g', 3n << 30n, largest],
    ['>1t', 1n << 40n, largest],
    ['9223372036854775807', largest, largest],
  ])('%s', (text, min, max) => expect(parseSize(text)).toEqual({ min, max }))

  it.each([
    '',
    '<',
    'k',
    '10kb',
    '-1',
    '1.5k',
    '<>1',
    '1K',
    ' 1',
    '9223372036854775808',
    '99999999999999999999',
    '8388608t',
  ])('refuses %j', (text) => expect(refused(() => parseSize(text))).toBe('bad-parameters'))
})

describe('parseMtime', () => {
  it.each([
    ['<90d', 'newer', 7_776_000],
    ['>5h', 'older', 18_000],
    ['<30m', 'newer', 1800],
    ['>0d', 'older', 0],
  ] as const)('%s', (text, side, seconds) => {
    expect(parseMtime(text)).toEqual({ side, ageNs: BigInt(seconds) * 1_000_000_000n })
  })

  it.each(['5d', '<d', '<1s', '', '>', '<-1d', '<1d '])('refuses %j', (text) =>
    expect(refused(() => parseMtime(text))).toBe('bad-parameters'),
  )
})

it.each([
  ['file', 0o100644, '-rw-r--r--'],
  ['file', 0o104755, 'urwxr-xr-x'],
  ['file', 0o102755, 'grwxr-xr-x'],
  ['file', 0o106755, 'ugrwxr-xr-x'],
  ['file', 0o101644, 'trw-r--r--'],
  ['directory', 0o041777, 'dtrwxrwxrwx'],
  ['link', 0o120777, 'Lrwxrwxrwx'],
  ['fifo', 0o010600, 'prw-------'],
  ['socket', 0o140755, 'Srwxr-xr-x'],
  ['character-device', 0o020666, 'Dcrw-rw-rw-'],
  ['block-device', 0o060660, 'Drw-rw----'],
] as const)('writes the mode of a %s %o as Go does: %s', (kind, mode, text) => {
  expect(goMode(kind, mode)).toBe(text)
})

it.each([
  [1_795_487_618_508_331_853n, '2026-11-24 02:33:38.508331853 +0000 UTC'],
  [1_795_487_618_500_000_000n, '2026-11-24 02:33:38.5 +0000 UTC'],
  [0n, '1970-01-01 00:00:00 +0000 UTC'],
  [-1n, '1969-12-31 23:59:59.999999999 +0000 UTC'],
  [10n ** 25n, '10000000000000000000000000 ns'],
])('writes %s ns as Go does', (ns, text) => expect(goTime(ns)).toBe(text))

it.each([
  ['/etc/', '/etc'],
  ['//etc//./x/', '/etc/x'],
  ['/a/../../b', '/b'],
  ['/', '/'],
  ['/..', '/'],
  ['C:\\Users\\x\\', '/C:/Users/x'],
  ['/odd\\name', '/odd\\name'],
])('cleans %s', (path, cleaned) => expect(cleanPath(path)).toBe(cleaned))

it('trusts a short read to be the end only where the kernel itself keeps the files', () => {
  const mount = (path: string, fileSystem: string) => ({ path: Buffer.from(path), fileSystem })
  const mounts = new Mounts([
    mount('/', 'ext4'),
    mount('/proc', 'proc'),
    mount('/mnt/usb', 'fuseblk'),
    mount('/mnt/usb/disk', 'xfs'),
  ])
  const paths = ['/', '/etc/x', '/proc', '/proc/1/net', '/mnt', '/mnt/usb/a', '/mnt/usb/disk/a', '/procs']
  expect(paths.filter((path) => mounts.endsShort(path))).toEqual([
    '/',
    '/etc/x',
    '/mnt',
    '/mnt/usb/disk/a',
    '/procs',
  ])
  expect(new Mounts([]).endsShort('/')).toBe(false)
})

it('knows what not to enter by the last mount on each path', () => {
  const mount = (path: string, fileSystem: string) => ({ path: Buffer.from(path), fileSystem })
  const mounts = new Mounts([
    mount('/', 'ext4'),
    mount('/proc', 'proc'),
    mount('/net', 'nfs4'),
    mount('/mnt/ssh', 'fuse.sshfs'),
    mount('/mnt/usb', 'fuseblk'),
    mount('/dev', 'devtmpfs'),
    mount('/covered', 'nfs'),
    mount('/covered', 'tmpfs'),
  ])
  const kinds = ['/proc', '/net', '/mnt/ssh', '/mnt/usb', '/dev', '/covered', '/other'].map(
    (path) => mounts.at(path)?.kind,
  )
  expect(kinds).toEqual(['pseudo', 'remote', 'remote', undefined, undefined, undefined, undefined])
  expect(mounts.at('/proc')?.isSkipped).toBe(true)
  expect(mounts.at('/covered')?.isSkipped).toBe(false)
})
