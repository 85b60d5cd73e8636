import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Facts of MIG's original code (`reference/mig-cases.md` B to E), one JSON array a file. */
export function readGolden<T>(name: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`./golden/${name}.json`, import.meta.url), 'utf8'))
}

/** The searches are about `$BASE`, which is `/base` in the fixture's root. */
export function atBase<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll('$BASE', '/base'))
}

export const deepestOfR = '/base/a/b/c/d/e/f/g/h/i/j/k/l/m/n'

interface FileOfR {
  readonly file?: string
  readonly lines?: readonly string[]
  readonly base64?: string
  readonly link?: string
  readonly to?: string
}

/** Fixture R: ten entries, the same in `/base` and fourteen levels below. */
export function makeFixtureR(root: string): void {
  mkdirSync(join(root, deepestOfR), { recursive: true, mode: 0o700 })
  for (const directory of ['/base', deepestOfR]) {
    for (const entry of readGolden<FileOfR>('fixture-r')) {
      if (entry.link !== undefined && entry.to !== undefined) {
        symlinkSync(entry.to.replace('<dir>', directory), join(root, directory, entry.link))
      } else if (entry.file !== undefined) {
        writeFileSync(join(root, directory, entry.file), bytesOf(entry), { mode: 0o644 })
      }
    }
  }
}

function bytesOf({ lines, base64 }: FileOfR): Buffer {
  if (lines !== undefined) return Buffer.from(lines.join('\n'))
  if (base64 !== undefined) return Buffer.from(base64, 'base64')
  const digest = (k: number) => createHash('sha256').update(`mesh-fixture-${k}`).digest()
  return Buffer.concat(Array.from({ length: 32 }, (_, k) => digest(k)))
}

/** Fixture E: edges of content. */
export function makeFixtureE(root: string): void {
  write(root, '/base/empty', '')
  write(root, '/base/one', 'x')
  write(root, '/base/crlf', 'alpha\r\nbeta\r\n')
  write(root, '/base/nonl', 'alpha')
  for (const length of [70_000, 65_535, 65_536]) {
    write(root, `/base/long${length}`, `${'A'.repeat(length)}\nNEEDLE\n`)
  }
  write(root, '/base/long65535nonl', 'A'.repeat(65_535))
  write(root, '/base/inv', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(' NEEDLE2 é\n')]))
}

/** Fixture G: filters. */
export function makeFixtureG(root: string): void {
  write(root, '/base/foo.txt', 'foo\nbar\n')
  write(root, '/base/bar.txt', 'bar\nbaz\n')
  write(root, '/base/baz.txt', 'baz\n')
  write(root, '/base/exec', '#!/bin/sh\n', 0o755)
  write(root, '/base/suid', 'x', 0o4755)
  write(root, '/base/sgid', 'x', 0o2755)
  write(root, '/base/sticky', 'x', 0o1644)
  write(root, '/base/w', 'x', 0o666)
  execFileSync('mkfifo', [join(root, 'base/fifo')])
}

/** Three files by age. */
export function makeFixtureM(root: string, nowMs: number): void {
  const hourMs = 3_600_000
  const ages = { m5h: -5 * hourMs, m10d: -240 * hourMs, f10d: 240 * hourMs }
  for (const [name, ageMs] of Object.entries(ages)) {
    write(root, `/base/${name}`, 'x')
    utimesSync(join(root, 'base', name), new Date(nowMs), new Date(nowMs + ageMs))
  }
}

/** Fixture T: traversal. */
export function makeFixtureT(root: string): void {
  write(root, '/base/a/f1', 'foo\nbar\n')
  for (const file of ['a/b/f2', 'a/b/c/f3', 'a/z/f5', 'ab/f4', 'out/target'])
    write(root, `/base/${file}`, 'foo\n')
  mkdirSync(join(root, 'base/ln'))
  const links = {
    'ln/outlink': '/base/out/target',
    'ln/rellink': '../out/target',
    'ln/dirlink': '/base/out',
    'ln/broken': '/base/nope',
    'ln/loop1': 'loop2',
    'ln/loop2': 'loop1',
    rootdirlink: '/base/a',
  }
  for (const [link, target] of Object.entries(links)) symlinkSync(target, join(root, 'base', link))
}

function write(root: string, path: string, content: string | Buffer, mode = 0o644): void {
  const real = join(root, path)
  mkdirSync(dirname(real), { recursive: true })
  writeFileSync(real, content)
  // After the write: the umask cuts what mkdir and open are given, and a write drops setuid.
  chmodSync(real, mode)
}
