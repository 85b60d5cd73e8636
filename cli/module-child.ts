import { setPriority } from 'node:os'
import { streamModule } from '../modules/event-stream.ts'
import { createHost } from '../modules/host/create-host.ts'
import type { ModuleDefinition, ModuleResult } from '../modules/module.ts'
import { findModule, modules } from '../modules/registry.ts'
import { runModule } from '../modules/run-module.ts'
import type { Json } from '../node/core/canonical-json.ts'
import { MigError } from '../node/core/error.ts'
import { maxActionBytes, watchIntervalMs } from '../node/core/limits.ts'
import { nearest } from '../node/core/nearest.ts'

/** A message is the parameters of one operation and what is around them. */
const maxMessageBytes = maxActionBytes + 1024
/** What the gate's own clock sees must not be less than the limit it set, or a run that was stopped would count as done. */
const lateMs = 100

export interface ChildLimits {
  /** Since the start of this process. */
  readonly wallMs: number | undefined
  readonly matches: number
  readonly outputBytes: number
}

/** @throws MigError `unknown-module` with the nearest name */
export function moduleNamed(name: string): ModuleDefinition {
  const definition = findModule(name)
  if (definition !== undefined) return definition
  const near = nearest(
    name,
    modules.map((module) => module.name),
  )
  throw new MigError('unknown-module', `there is no module '${name}'`, {
    hint: near === undefined ? 'mig module list' : `did you mean '${near}'?`,
  })
}

/** Reads MIG's module message `{"class":"parameters","parameters":{…}}`, or the bare parameters.
 *  @throws MigError `bad-input`, `bad-json`, `too-large` */
export async function readModuleMessage(input: AsyncIterable<Uint8Array>): Promise<Json> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of input) {
    size += chunk.length
    if (size > maxMessageBytes)
      throw new MigError('too-large', `expected module parameters of at most ${maxMessageBytes} bytes`)
    chunks.push(chunk)
  }
  let message: Json
  try {
    message = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json
  } catch (error) {
    throw new MigError('bad-json', 'stdin is not JSON', {
      cause: error,
      hint: 'mig module run NAME < params.json',
    })
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return message
  const { class: kind, parameters } = message as Readonly<Record<string, Json | undefined>>
  if (typeof kind !== 'string') return message
  if (kind !== 'parameters') throw new MigError('bad-input', 'unexpected input is not module parameters')
  return parameters ?? null
}

/** Runs a module here to MIG's result. */
export async function runHere(
  definition: ModuleDefinition,
  parameters: Json,
  root: string,
  limits: ChildLimits,
  signal: AbortSignal,
): Promise<ModuleResult> {
  const deadline = deadlineOf(limits, signal)
  const { result } = await runModule(
    definition,
    parameters,
    { host: createHost({ root }), signal: deadline.signal, now: Date.now(), maxMatches: limits.matches },
    { maxOutputBytes: limits.outputBytes },
  )
  deadline.callOff()
  return result
}

/** Ends this process when the one that started it is gone: a group of its own is not ended with its gate.
 *  @param parent the gate's process id, said by itself: it may be gone before this process can ask */
export function endWithParent(parent: number): void {
  const look = () => {
    if (process.ppid !== parent) process.exit(1)
  }
  look()
  setInterval(look, watchIntervalMs).unref()
}

/** What the gate's child does: runs a module and streams its events, at low priority, until its own deadline. The module waits
 *  whenever the reader does.
 *  @see node/gate/child-runner.ts */
export async function streamHere(
  definition: ModuleDefinition,
  parameters: Json,
  root: string,
  limits: ChildLimits,
  ports: { readonly signal: AbortSignal; readonly output: NodeJS.WritableStream },
): Promise<void> {
  try {
    setPriority(10)
  } catch {
    // A best effort: some systems let nobody lower a priority.
  }
  const { output } = ports
  const broken = new AbortController()
  output.on('error', (error) => broken.abort(error))
  const deadline = deadlineOf(limits, AbortSignal.any([ports.signal, broken.signal]))
  const write = (line: Uint8Array) =>
    new Promise<void>((resolve, reject) =>
      output.write(line, (error) => (error == null ? resolve() : reject(error))),
    )
  await streamModule(
    definition,
    parameters,
    {
      host: createHost({ root }),
      signal: deadline.signal,
      now: Date.now(),
      maxMatches: limits.matches,
    },
    write,
    { maxOutputBytes: limits.outputBytes },
  )
  deadline.callOff()
}

function deadlineOf(
  { wallMs }: ChildLimits,
  signal: AbortSignal,
): { signal: AbortSignal; callOff: () => void } {
  if (wallMs === undefined) return { signal, callOff: () => undefined }
  const over = new AbortController()
  const left = Math.max(lateMs, wallMs - performance.now() + lateMs)
  const timer = setTimeout(() => over.abort(new Error('deadline')), Math.min(left, 2 ** 31 - 1))
  return { signal: AbortSignal.any([signal, over.signal]), callOff: () => clearTimeout(timer) }
}
