import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { MigError } from '../../node/core/error.ts'
import { demoStartMs } from '../../node/core/limits.ts'

/** The processes that the demo started. Whatever happens, `stopAll` leaves none behind. */
export interface Processes {
  /** Starts a node in the background. @returns what follows `waitFor` on the line that begins with it */
  node(name: string, args: readonly string[], waitFor: string): Promise<string>
  /** Ends one node and waits until it is gone. */
  stop(name: string): Promise<void>
  /** Nothing starts any more afterwards. */
  stopAll(): Promise<void>
  /** Process ids of the nodes that run. */
  pids(): ReadonlyMap<string, number>
}

export function createProcesses(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  logs: string | undefined,
): Processes {
  const [executable, ...entry] = command
  if (executable === undefined) throw new RangeError('no command')
  const nodes = new Map<string, { readonly child: ChildProcess; readonly gone: Promise<void> }>()

  let isStopping = false

  async function stop(name: string): Promise<void> {
    const node = nodes.get(name)
    if (node === undefined) return
    nodes.delete(name)
    node.child.kill('SIGTERM')
    const hard = setTimeout(() => killGroup(node.child), 3000)
    await node.gone
    clearTimeout(hard)
    // The group may hold a mesh process or a module that outlived its parent.
    killGroup(node.child)
  }

  return {
    async node(name, args, waitFor) {
      if (isStopping) throw new MigError('cancelled', 'stopped')
      // stdin is a pipe that only this process holds: should it die, its nodes see the end of it and stop by themselves.
      const child = spawn(executable, [...entry, ...args, '--stop-on-eof'], {
        env: environment,
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      })
      child.stdin?.on('error', () => undefined)
      const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
      nodes.set(name, { child, gone })
      let errors = ''
      child.stderr?.on('data', (chunk: Buffer) => {
        errors = (errors + chunk.toString('utf8')).slice(-4000)
        if (logs !== undefined) appendFileSync(join(logs, `${name}.log`), chunk)
      })
      return new Promise<string>((resolve, reject) => {
        let text = ''
        const timer = setTimeout(
          () =>
            reject(
              new MigError('timeout', `${name} did not start within ${demoStartMs / 1000} s: ${errors}`),
            ),
          demoStartMs,
        )
        // The timer would hold this process: ctrl-C while the nodes start ended it half a minute later.
        const fail = (error: Error) => {
          clearTimeout(timer)
          reject(error)
        }
        child.once('error', fail)
        child.once('exit', (code) =>
          fail(new MigError('internal', `${name} ended at once (code ${code}): ${errors}`)),
        )
        child.stdout?.on('data', (chunk: Buffer) => {
          text = (text + chunk.toString('utf8')).slice(-8000)
          const line = text.split('\n').find((candidate) => candidate.startsWith(waitFor))
          if (line === undefined) return
          clearTimeout(timer)
          resolve(line.slice(waitFor.length).trim())
        })
      })
    },
    stop,
    pids: () => new Map([...nodes].map(([name, { child }]) => [name, child.pid ?? 0])),
    async stopAll() {
      isStopping = true
      // A throw-away fleet has nothing to bring to an end. Hosts of modules, in groups of their own, see their gate go.
      const ending = [...nodes.values()]
      nodes.clear()
      for (const { child } of ending) killGroup(child)
      await Promise.all(ending.map(({ gone }) => gone))
    },
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}
