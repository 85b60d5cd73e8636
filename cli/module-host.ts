import { readdirSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { z } from 'zod'
import { streamModule } from '../modules/event-stream.ts'
import { createHost } from '../modules/host/create-host.ts'
import type { Threads } from '../modules/threads.ts'
import type { Json } from '../node/core/canonical-json.ts'
import { MigError } from '../node/core/error.ts'
import { maxActionBytes, watchIntervalMs } from '../node/core/limits.ts'
import { moduleNamed } from './module-named.ts'

/** One order is the parameters of one operation and what is around them. */
const maxOrderBytes = maxActionBytes + 1024
/** What the gate's own clock sees must not be less than the limit it set, or a run that was stopped would count as done. */
const lateMs = 100

const orderSchema = z.strictObject({
  module: z.string(),
  parameters: z.custom<Json>((value) => value !== undefined),
  wallMs: z.number().positive(),
  matches: z.int().positive(),
  outputBytes: z.int().positive(),
})
type Order = z.infer<typeof orderSchema>

/** Ends this process when the one that started it is gone: a group of its own is not ended with its gate.
 *  @param parent the gate's process id, said by itself: it may be gone before this process can ask */
export function endWithParent(parent: number): void {
  const look = () => {
    if (process.ppid !== parent) process.exit(1)
  }
  look()
  setInterval(look, watchIntervalMs).unref()
}

/** What the gate's child does until its input ends: takes an order, runs the module at low priority until the order's own deadline,
 *  and streams its events. A module waits whenever the reader does.
 *  @throws MigError `bad-input`, `too-large`, `unknown-module`: the gate never sends such
 *  @see node/gate/module-host.ts */
export async function serveOrders(
  root: string,
  ports: {
    readonly signal: AbortSignal
    readonly input: AsyncIterable<Uint8Array>
    readonly output: NodeJS.WritableStream
    /** Of one core, at most what runs may use. */
    readonly share?: number
    readonly threads?: Threads | undefined
  },
): Promise<void> {
  yieldToOthers()
  const broken = new AbortController()
  ports.output.on('error', (error) => broken.abort(error))
  const signal = AbortSignal.any([ports.signal, broken.signal])
  let isFirst = true
  for await (const line of boundedLines(ports.input, maxOrderBytes)) {
    // Starting this process is a part of the first order's time.
    await runOrder(readOrder(line), isFirst ? 0 : performance.now(), root, { ...ports, signal })
    if (signal.aborted) return
    isFirst = false
  }
}

/** Takes a low priority for all threads of this process, and so for those that they start. Not the lowest: beside one busy program a core
 *  that leaves a 70th (nice 19), of an operation's 300 s of wall time 4 s of its 30 s of CPU time, and whoever keeps all cores busy would
 *  silence the endpoint; a tenth (nice 10) is what the two limits are to one another. Not before it has started. A best effort: some
 *  systems let nobody lower a priority.
 *  @see docs/decisions/module-hosts.md */
function yieldToOthers(): void {
  for (const thread of threadsOfThisProcess()) {
    try {
      setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL)
    } catch {
      // It has ended, or may not.
    }
  }
}

/** Linux keeps a priority for each thread, and takes a thread's id where it takes a process's. */
function threadsOfThisProcess(): readonly number[] {
  try {
    return readdirSync('/proc/self/task').map(Number)
  } catch {
    return [process.pid]
  }
}

/** @param sinceMs when its time began, by `performance.now()` */
async function runOrder(
  order: Order,
  sinceMs: number,
  root: string,
  { signal, output, share = 1, threads }: Omit<Parameters<typeof serveOrders>[1], 'input'>,
): Promise<void> {
  const definition = moduleNamed(order.module)
  const over = new AbortController()
  const leftMs = Math.max(0, sinceMs + order.wallMs - performance.now()) + lateMs
  const timer = setTimeout(() => over.abort(new Error('deadline')), Math.min(leftMs, 2 ** 31 - 1))
  const write = (line: Uint8Array) =>
    new Promise<void>((resolve, reject) =>
      output.write(line, (error) => (error == null ? resolve() : reject(error))),
    )
  try {
    await streamModule(
      definition,
      order.parameters,
      {
        host: createHost({ root }),
        signal: AbortSignal.any([signal, over.signal]),
        now: Date.now(),
        maxMatches: order.matches,
        share,
        ...(threads && { threads }),
      },
      write,
      { maxOutputBytes: order.outputBytes },
    )
  } finally {
    clearTimeout(timer)
  }
}

function readOrder(line: string): Order {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new MigError('bad-input', 'an order is not JSON', { cause })
  }
  const order = orderSchema.safeParse(value)
  if (!order.success) throw new MigError('bad-input', 'expected an order of the gate')
  return order.data
}

/** Lines as they come; what follows the last newline is dropped.
 *  @throws MigError `too-large` */
export async function* boundedLines(
  input: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string, void> {
  let parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of input) {
    let start = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, at))
      start = at + 1
      yield Buffer.concat(parts).toString('utf8')
      parts = []
      size = 0
    }
    parts.push(chunk.subarray(start))
    size += chunk.length - start
    if (size > maxBytes) throw new MigError('too-large', `expected a line of at most ${maxBytes} bytes`)
  }
}
