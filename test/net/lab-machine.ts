import { type ChildProcess, execFileSync, spawn } from 'node:child_process'

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process that runs in the background. */
export interface Running {
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<number | null>
  /** Waits for a line, on stdout unless said otherwise; one that was already written counts. */
  says(
    pattern: RegExp,
    options?: { readonly where?: 'stdout' | 'stderr'; readonly withinMs?: number },
  ): Promise<string>
  kill(signal?: NodeJS.Signals): void
}

/** Runs one command of the machine and fails with what it wrote. */
export function sh(command: string, args: readonly string[], stdin = ''): string {
  return execFileSync(command, args, { input: stdin, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
}

/** The same where a failure is no news: cleaning up what may be gone. */
export function shQuietly(command: string, args: readonly string[]): string {
  try {
    return sh(command, args)
  } catch {
    return ''
  }
}

export interface Setting {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

/** Starts a process inside a namespace. It dies with this process, however this process dies. */
export function startInside(namespace: string, words: readonly string[], setting: Setting): Running {
  const inside = ['netns', 'exec', namespace, 'setpriv', '--pdeathsig', 'KILL', '--', ...words]
  const child = spawn('ip', inside, { ...setting, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  for (const where of ['stdout', 'stderr'] as const) {
    child[where].on('data', (chunk: Buffer) => {
      said[where] += chunk.toString()
    })
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', (code) => resolve(code))
  })
  return {
    pid: child.pid ?? 0,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    ended,
    says: (pattern, { where = 'stdout', withinMs = 30_000 } = {}) =>
      lineOf(child, said, where, pattern, withinMs, ended),
    kill: (signal = 'SIGTERM') => void child.kill(signal),
  }
}

function lineOf(
  child: ChildProcess,
  said: Readonly<Record<'stdout' | 'stderr', string>>,
  where: 'stdout' | 'stderr',
  pattern: RegExp,
  withinMs: number,
  ended: Promise<number | null>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      clearTimeout(timer)
      child[where]?.off('data', look)
      settle()
    }
    const fail = (why: string) =>
      done(() => reject(new Error(`${why}, waiting for ${pattern}:\n${said.stdout}\n${said.stderr}`)))
    const timer = setTimeout(() => fail(`not within ${withinMs} ms`), withinMs)
    const look = () => {
      const line = said[where].split('\n').find((candidate) => pattern.test(candidate))
      if (line !== undefined) done(() => resolve(line))
    }
    child[where]?.on('data', look)
    look()
    void ended.then((code) => fail(`ended with ${code}`))
  })
}
