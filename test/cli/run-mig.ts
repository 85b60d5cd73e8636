import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface MigRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly bytes: Buffer
}

export interface MigSetup {
  /** `MIG_HOME`: each test has its own. */
  readonly home: string
  readonly stdin?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  readonly cwd?: string
  /** Sent after so many milliseconds, or when stderr matches. */
  readonly interruptWhen?: RegExp
}

/** Runs the built `mig` as a person would, in an environment of its own: no gpg home, no settings, no colour. */
export async function runMig(words: readonly string[], setup: MigSetup): Promise<MigRun> {
  const { home, stdin = '', env = {}, timeoutMs = 30_000, cwd = home } = setup
  const child = spawn(process.execPath, [builtMig(), ...words], {
    cwd,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      MIG_HOME: home,
      GNUPGHOME: join(home, 'no-gpg'),
      LC_ALL: 'C',
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const stdout: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    if (setup.interruptWhen?.test(stderr) === true) child.kill('SIGINT')
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  const limit = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(limit)
  const bytes = Buffer.concat(stdout)
  return { code, stdout: bytes.toString(), stderr, bytes }
}

/** Where the executable is; it is built first when it is missing or older than its sources. `MIG_TEST_DIST` names another build. */
export function builtMig(): string {
  const given = process.env.MIG_TEST_DIST
  if (given !== undefined) return join(given, 'mig.js')
  const built = join('dist', 'mig.js')
  if (isFresh(built)) return join(process.cwd(), built)
  withLock(() => {
    if (!isFresh(built)) execFileSync(process.execPath, ['.ci/build.mjs'], { stdio: 'inherit' })
  })
  return join(process.cwd(), built)
}

let fresh = false

function isFresh(built: string): boolean {
  if (fresh) return true
  if (!existsSync(built)) return false
  const builtMs = statSync(built).mtimeMs
  const sources = ['cli', 'node', 'modules'].flatMap((top) =>
    readdirSync(top, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  fresh = sources.every((source) => statSync(source).mtimeMs <= builtMs)
  return fresh
}

/** Test files run in processes of their own: only one of them may build. */
function withLock(task: () => void): void {
  const lock = join(tmpdir(), `mig-build-${statSync('package.json').ino}`)
  for (let attempt = 0; attempt < 600; attempt++) {
    try {
      mkdirSync(lock)
      break
    } catch {
      // Another test builds; wait without spinning.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    }
  }
  try {
    task()
  } finally {
    rmdirSync(lock)
  }
}
