import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const names = [
  'find',
  'grep',
  'xargs',
  'sha256sum',
  'sha1sum',
  'sha512sum',
  'md5sum',
  'openssl',
  'gzip',
  'awk',
  'head',
  'cat',
  'nice',
  'time',
  'python3',
  'yara',
  'rg',
] as const
export type ProgramName = (typeof names)[number]

/** Where the peers are, by name; what is not installed is not there. */
export type Programs = Readonly<Partial<Record<ProgramName, string>>>

/** Looks for them once: ripgrep is the one that npm has installed, python the one behind any shim. */
export async function findPrograms(path: string): Promise<Programs> {
  const found: Partial<Record<ProgramName, string>> = {}
  for (const name of names) {
    const place = path
      .split(':')
      .map((folder) => join(folder, name))
      .find((file) => existsSync(file))
    if (place !== undefined) found[name] = place
  }
  if (found.python3 !== undefined)
    found.python3 = execFileSync(found.python3, ['-c', 'import sys; print(sys.executable)'], {
      encoding: 'utf8',
    }).trim()
  delete found.rg
  try {
    found.rg = (await import('@vscode/ripgrep')).rgPath
  } catch {
    // It has no binary for this platform: said in the table as every missing peer.
  }
  return found
}

/** `ripgrep 15.0.0 · GNU grep 3.8 · …`: figures of a peer are those of its version. */
export function versionsOf(programs: Programs): string {
  const firstLine = (name: ProgramName) => {
    const place = programs[name]
    if (place === undefined) return `no ${name}`
    return execFileSync(place, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split('\n', 1)[0]
  }
  return (['rg', 'grep', 'find', 'sha256sum', 'gzip', 'python3', 'yara'] as const).map(firstLine).join(' · ')
}
