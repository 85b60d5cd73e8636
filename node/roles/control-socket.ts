import { chmod, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { z } from 'zod'
import { codeOf, type ErrorCode, MigError, messageOf } from '../core/error.ts'
import { maxControlConnections } from '../core/limits.ts'
import { openFramePort } from '../gate/frames.ts'
import { openPrivateDirectory } from '../store/state-directory.ts'
import { controlSocketPath } from '../store/state-paths.ts'
import type { InvestigatorService } from './service.ts'

/** Every call of the service, so that nothing else can be reached by name. */
const calls = [
  'about',
  'ready',
  'agents',
  'members',
  'invitations',
  'draft',
  'send',
  'explain',
  'actions',
  'action',
  'results',
  'detail',
  'accounting',
  'cancel',
  'publish',
  'updates',
  'importItems',
  'beginExport',
  'nextExport',
  'changes',
] as const satisfies readonly (keyof InvestigatorService)[]

const requestSchema = z.strictObject({ id: z.int(), call: z.enum(calls), args: z.array(z.unknown()).max(4) })
const replySchema = z.union([
  z.object({ id: z.int(), value: z.unknown() }),
  z.object({
    id: z.int(),
    error: z.object({
      code: z.string(),
      message: z.string(),
      hint: z.string().optional(),
      position: z.number().optional(),
    }),
  }),
])

/** Lets this person's commands use a running node. The socket lies in the node's private directory: whoever can open it is its owner.
 *  @returns how to close it */
export async function serveControl(
  service: InvestigatorService,
  statePath: string,
  log: (event: string, details?: Record<string, unknown>) => void,
): Promise<() => Promise<void>> {
  const path = controlSocketPath(process.platform, statePath, tmpdir())
  if (process.platform !== 'win32') {
    await openPrivateDirectory(dirname(path))
    // Left over from a node that was killed: the store's lock, taken before, proves that none runs.
    await rm(path, { force: true })
  }
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    if (sockets.size >= maxControlConnections) return socket.destroy()
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    const port = openFramePort(
      socket,
      socket,
      (message) => {
        const request = requestSchema.safeParse(message)
        if (!request.success) return log('control-refused', { reason: request.error.issues[0]?.message })
        const { id, call, args } = request.data
        // The names are checked above; each call checks its own arguments.
        const method = service[call] as (...args: unknown[]) => Promise<unknown>
        method(...args).then(
          (value) => port.send({ id, value: value ?? null }),
          (error: unknown) => port.send({ id, error: describe(error) }),
        )
      },
      () => socket.destroy(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  if (process.platform !== 'win32') await chmod(path, 0o600)
  return async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}

/** It may have been that of another command, which ended with it. */
function nodeStopped(): MigError {
  return new MigError('not-reachable', 'the node that this command used has stopped', {
    hint: 'try again; mig investigator start keeps a node running for all commands',
  })
}

function describe(error: unknown): object {
  if (error instanceof MigError)
    return { code: error.code, message: error.message, hint: error.hint, position: error.position }
  return { code: codeOf(error) ?? 'internal', message: messageOf(error) }
}

/** The same service through the socket; undefined when no node listens there. */
export async function connectControl(
  statePath: string,
): Promise<{ readonly service: InvestigatorService; close(): void } | undefined> {
  const path = controlSocketPath(process.platform, statePath, tmpdir())
  const socket = await new Promise<Socket | undefined>((resolve) => {
    const candidate = connect(path)
    candidate.once('connect', () => resolve(candidate))
    candidate.once('error', () => resolve(undefined))
  })
  if (socket === undefined) return undefined
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let nextId = 0
  let hasEnded = false
  const port = openFramePort(
    socket,
    socket,
    (message) => {
      const reply = replySchema.parse(message)
      const caller = waiting.get(reply.id)
      waiting.delete(reply.id)
      if ('error' in reply) {
        const { code, message, hint, position } = reply.error
        caller?.reject(
          new MigError(code as ErrorCode, message, {
            ...(hint === undefined ? {} : { hint }),
            ...(position === undefined ? {} : { position }),
          }),
        )
      } else caller?.resolve(reply.value)
    },
    () => {
      hasEnded = true
      for (const caller of waiting.values()) caller.reject(nodeStopped())
      waiting.clear()
    },
  )
  const ask = (call: string, args: readonly unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      // Nobody would ever answer: a command that waits for nothing ends without a word.
      if (hasEnded) return reject(nodeStopped())
      const id = nextId++
      waiting.set(id, { resolve, reject })
      port.send({ id, call, args })
    })
  const service = Object.fromEntries(
    calls.map((call) => [call, (...args: unknown[]) => ask(call, args)]),
  ) as unknown as InvestigatorService
  return { service, close: () => port.close() }
}
