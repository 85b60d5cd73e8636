import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Cost } from './cost.ts'

/** Ticks of /proc/PID/stat: USER_HZ is 100 on every Linux that Node runs on. */
const tickMs = 10
const endLine = /(^|\n)\{"end":[^\n]*\}\n$/
const longest = { wallMs: 600_000, matches: 10_000_000, outputBytes: 2 ** 31 }

/** A line that a module host takes. @see cli/module-host.ts */
export function orderLine(parameters: unknown): string {
  return `${JSON.stringify({ module: 'file', parameters, ...longest })}\n`
}

export interface HostOptions {
  /** The built `mig.js`. */
  readonly mig: string
  /** Threads of one run; absent: as many as the host takes by itself. */
  readonly threads?: number | undefined
}

/** How a module host is started. @see node/gate/module-host.ts */
export function hostWords({ mig, threads }: HostOptions): readonly string[] {
  return [
    ...[process.execPath, '--disable-proto=delete', mig, 'module', 'host', '--root', '/'],
    ...(threads === undefined ? [] : ['--threads', String(threads)]),
  ]
}

/** A module host as the gate keeps one: it has been started, and takes one order after the other. */
export class WarmHost {
  readonly #child: ChildProcessWithoutNullStreams

  constructor(options: HostOptions) {
    const [node = '', ...words] = hostWords(options)
    this.#child = spawn(node, [...words, '--parent', String(process.pid)], {
      env: {},
      stdio: 'pipe',
      detached: true,
    })
  }

  /** @returns what it cost until its end was said, and what it wrote, byte for byte
   *  @throws Error when the host ends instead */
  async run(order: string): Promise<{ readonly cost: Cost; readonly output: string }> {
    const { stdin, stdout, stderr } = this.#child
    const before = this.#cpuMs()
    const chunks: Buffer[] = []
    const started = performance.now()
    await new Promise<void>((resolve, reject) => {
      let tail = ''
      const take = (chunk: Buffer) => {
        chunks.push(chunk)
        tail = (tail + chunk.subarray(-1024).toString('latin1')).slice(-1024)
        if (!endLine.test(tail)) return
        stdout.off('data', take)
        this.#child.off('close', gone)
        resolve()
      }
      const gone = () =>
        reject(new Error(`the module host ended: ${String(stderr.read() ?? '').slice(0, 1000)}`))
      stdout.on('data', take)
      this.#child.once('close', gone)
      stdin.write(order)
    })
    const wallMs = performance.now() - started
    const cost = { wallMs, cpuMs: this.#cpuMs() - before, peakMb: this.#peakMb() }
    return { cost, output: Buffer.concat(chunks).toString('latin1') }
  }

  /** Kills it with its group. */
  async stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    const gone = new Promise((resolve) => this.#child.once('close', resolve))
    process.kill(-pid, 'SIGKILL')
    await gone
  }

  #cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * tickMs
  }

  #peakMb(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1')
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
  }
}
