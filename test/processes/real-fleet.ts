import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { connectControl } from '../../node/roles/control-socket.ts'
import type { InvestigatorService } from '../../node/roles/service.ts'
import { aDesk, type Desk, passphrase } from '../cli/fleet/desk.ts'
import { builtMig, type MigRun, runMig } from '../cli/run-mig.ts'

export { passphrase }

/** A small fleet of real processes on loopback, made with the commands that its operator would type. */
export interface RealFleet {
  readonly desk: Desk
  readonly relay: RealNode
  enrolAgent(name: string, files: Readonly<Record<string, string | Buffer>>): Promise<EnrolledAgent>
  startAgent(agent: EnrolledAgent): Promise<RealNode>
  startInvestigator(): Promise<RealNode>
  /** Runs a command to its end, in a process of its own. */
  mig(...words: string[]): Promise<MigRun>
  /** The same that the commands use, through the running investigator's socket. */
  withService<T>(use: (service: InvestigatorService) => Promise<T>): Promise<T>
  stop(): Promise<void>
}

export interface EnrolledAgent {
  readonly name: string
  readonly state: string
  readonly root: string
}

export interface RealNode {
  readonly pid: number
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<number | null>
  /** Waits for a line. */
  says(pattern: RegExp, where?: 'stdout' | 'stderr'): Promise<string>
}

export async function aRealFleet(): Promise<RealFleet> {
  builtMig()
  const desk = aDesk()
  // Below their own home, so that a test sees what they leave in it.
  mkdirSync(desk.path('tmp'))
  const nodes: RealNode[] = []
  const start = (words: readonly string[]) => {
    const node = startProcess(desk.home, words)
    nodes.push(node)
    return node
  }
  const invite = async (...words: string[]) => (await desk.mig('invite', ...words)).out
  await desk.mig('init', '--fleet-name', 'Attacked', '--person', 'Ada Lovelace <ada@example.org>')
  await desk.mig('relay', 'enrol', await invite('--role', 'relay'), '--name', 'hub')
  const relay = start(['relay', 'start', '--listen', '/ip4/127.0.0.1/tcp/0'])
  await relay.says(/^listening on /)
  return {
    desk,
    relay,
    async enrolAgent(name, files) {
      const state = desk.path('agents', name)
      const root = desk.path('machines', name)
      for (const [path, content] of Object.entries({
        '/etc/os-release': 'PRETTY_NAME="Debian 12"\n',
        ...files,
      })) {
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), content)
      }
      const line = await invite('--role', 'agent')
      await desk.mig('agent', 'enrol', line, '--name', name, '--state', state)
      return { name, state, root }
    },
    async startAgent({ state, root }) {
      const node = start(['agent', 'start', '--state', state, '--root', root])
      await node.says(/^ready$/)
      return node
    },
    async startInvestigator() {
      await desk.mig('investigator', 'enrol', await invite('--role', 'investigator'), '--name', 'laptop')
      const node = start(['investigator', 'start'])
      await node.says(/^ready$/)
      return node
    },
    mig: (...words) =>
      runMig(words, { home: desk.home, env: { MIG_PASSPHRASE: passphrase, TMPDIR: desk.path('tmp') } }),
    async withService(use) {
      const control = await connectControl(desk.path('investigator'))
      if (control === undefined) throw new Error('no running investigator')
      try {
        return await use(control.service)
      } finally {
        control.close()
      }
    },
    async stop() {
      for (const { child } of nodes) child.kill('SIGTERM')
      const last = setTimeout(() => {
        for (const { child } of nodes) child.kill('SIGKILL')
      }, 8000)
      await Promise.all(nodes.map(({ ended }) => ended))
      clearTimeout(last)
      desk.remove()
    },
  }
}

const sayWithinMs = 30_000

/** Starts `mig …` in the background. */
export function startProcess(home: string, words: readonly string[], program = builtMig()): RealNode {
  const child = spawn(process.execPath, [program, ...words], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      MIG_HOME: home,
      MIG_PASSPHRASE: passphrase,
      TMPDIR: join(home, 'tmp'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  for (const where of ['stdout', 'stderr'] as const) {
    child[where].on('data', (chunk: Buffer) => {
      said[where] += chunk.toString()
    })
  }
  return {
    pid: child.pid ?? 0,
    child,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    ended,
    async says(pattern, where = 'stdout') {
      const stream = child[where]
      return new Promise((resolve, reject) => {
        const done = (settle: () => void) => {
          clearTimeout(timer)
          stream.off('data', look)
          settle()
        }
        const fail = (why: string) =>
          done(() => reject(new Error(`${why}, waiting for ${pattern}: ${said.stdout}${said.stderr}`)))
        const timer = setTimeout(() => fail('too late'), sayWithinMs)
        const look = () => {
          const line = said[where].split('\n').find((candidate) => pattern.test(candidate))
          if (line !== undefined) done(() => resolve(line))
        }
        stream.on('data', look)
        look()
        void ended.then((code) => fail(`ended with ${code}`))
      })
    },
  }
}

/** The process that faces the network, of the agent whose gate this is; undefined while there is none. */
export function meshProcessOf(gate: number): number | undefined {
  return childrenOf(gate).find((pid) => commandLineOf(pid).join(' ').includes('agent mesh'))
}

/** By their own words: a child that has just been forked still bears its parent's. */
export function moduleHostsOf(gate: number): readonly number[] {
  return childrenOf(gate).filter((pid) => commandLineOf(pid).join(' ').includes('module host'))
}

export function isAlive(pid: number): boolean {
  try {
    // A process that has ended and that nobody waits for is still listed.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

export function commandLineOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  } catch {
    return [] // it has ended
  }
}

/** Every process whose parent this is. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => {
      try {
        return new RegExp(`^PPid:\\s+${pid}$`, 'm').test(readFileSync(`/proc/${other}/status`, 'utf8'))
      } catch {
        return false
      }
    })
}

/** Waits until a claim holds and says how long that took. */
export async function until(
  what: string,
  claim: () => boolean | Promise<boolean>,
  limitMs = 15_000,
): Promise<number> {
  const started = performance.now()
  while (!(await claim())) {
    if (performance.now() - started > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return performance.now() - started
}
