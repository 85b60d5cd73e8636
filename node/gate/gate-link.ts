import type { Readable, Writable } from 'node:stream'
import { z } from 'zod'
import { base64Decode, base64Encode } from '../core/encoding.ts'
import { MigError, messageOf } from '../core/error.ts'
import { maxBadGateRequests, maxGatePending } from '../core/limits.ts'
import { openFramePort } from './frames.ts'
import type {
  ActionAnswer,
  CancelAnswer,
  Gate,
  GateIdentity,
  GateProgress,
  OutboxEntry,
  PolicyAnswer,
} from './gate.ts'

/** The line between mesh process and gate. Requests cross as `{id, call, bytes, …}`; the gate judges each again. */

const bytesField = z.string().transform((text, context) => {
  const bytes = base64Decode(text)
  if (bytes !== undefined) return bytes
  context.addIssue({ code: 'custom', message: 'expected base64' })
  return z.NEVER
})

const requestSchema = z.discriminatedUnion('call', [
  z.strictObject({ id: z.int(), call: z.literal('identity') }),
  z.strictObject({ id: z.int(), call: z.literal('policy'), root: bytesField, policy: bytesField }),
  z.strictObject({ id: z.int(), call: z.literal('action'), wire: bytesField }),
  z.strictObject({ id: z.int(), call: z.literal('cancel'), wire: bytesField }),
  z.strictObject({ id: z.int(), call: z.literal('outbox') }),
  z.strictObject({ id: z.int(), call: z.literal('receipt'), wire: bytesField }),
  z.strictObject({ id: z.int(), call: z.literal('own-heartbeat'), wire: bytesField }),
  z.strictObject({
    id: z.int(),
    call: z.literal('detail'),
    actionId: z.string().max(64),
    page: z.int().min(0),
  }),
  z.strictObject({ id: z.int(), call: z.literal('progress') }),
  z.strictObject({
    id: z.int(),
    call: z.literal('heartbeat'),
    addresses: z.array(z.string().max(512)).max(64),
  }),
])
type Request = z.output<typeof requestSchema>

/** The gate's side. What the mesh process sends is as hostile as what comes from the network.
 *  Only so many of its requests are under way; it has to wait with the others, and to read the answers, before more are read.
 *  @returns settles when the line has ended */
export function serveGate(
  gate: Gate,
  input: Readable,
  output: Writable,
  log: (event: string, details?: Record<string, unknown>) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let pending = 0
    let bad = 0
    const port = openFramePort(
      input,
      output,
      (message) => {
        const request = requestSchema.safeParse(message)
        if (!request.success) {
          log('gate-request-refused', { reason: request.error.issues[0]?.message })
          // Both sides are one program: what speaks like this is something else, and must not fill the log.
          if (++bad >= maxBadGateRequests) port.close()
          return
        }
        if (++pending >= maxGatePending) port.pause()
        const { id, call } = request.data
        answer(gate, request.data)
          .then((value) => port.send({ id, value }))
          .catch((error: unknown) => {
            log('gate-call-failed', { call, error: messageOf(error) })
            return port.send({ id, error: messageOf(error).slice(0, 512) })
          })
          .finally(() => {
            if (--pending < maxGatePending) port.resume()
          })
      },
      (error) => {
        if (error !== undefined) log('gate-line-broken', { error: error.message })
        callOff()
        resolve()
      },
    )
    // One notice at a time: whoever does not read them must not make them pile up.
    let news: 'told' | 'telling' | 'more' = 'told'
    const callOff = gate.onOutbox(async () => {
      if (news !== 'told') {
        news = 'more'
        return
      }
      do {
        news = 'telling'
        await port.send({ event: 'outbox' })
      } while ((news as string) === 'more')
      news = 'told'
    })
  })
}

async function answer(gate: Gate, request: Request): Promise<unknown> {
  switch (request.call) {
    case 'identity':
      return gate.identity()
    case 'policy':
      return gate.offerPolicy(request.root, request.policy)
    case 'action':
      return gate.offerAction(request.wire)
    case 'cancel':
      return gate.offerCancel(request.wire)
    case 'outbox':
      return (await gate.outbox()).map((entry) => ({ ...entry, wire: base64Encode(entry.wire) }))
    case 'receipt':
      return gate.offerReceipt(request.wire)
    case 'own-heartbeat':
      return gate.offerHeartbeat(request.wire)
    case 'detail': {
      const page = await gate.detailPage(request.actionId, request.page)
      return page === undefined ? null : base64Encode(page)
    }
    case 'progress':
      return gate.progress()
    case 'heartbeat':
      return base64Encode(await gate.heartbeat(request.addresses))
  }
}

const replySchema = z.union([
  z.object({ id: z.int(), value: z.unknown() }),
  z.object({ id: z.int(), error: z.string() }),
  z.object({ event: z.literal('outbox') }),
])

/** The mesh process's side of the same line: a `Gate` that asks the real one.
 *  @param onEnd the gate is gone; without it the mesh process has nothing to do */
export function connectGate(input: Readable, output: Writable, onEnd: () => void): Gate {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const listeners = new Set<() => void>()
  let nextId = 0
  let hasEnded = false
  const gone = () => new MigError('not-reachable', 'the gate process has ended')
  const port = openFramePort(
    input,
    output,
    (message) => {
      const reply = replySchema.parse(message)
      if ('event' in reply) {
        for (const listener of listeners) listener()
        return
      }
      const caller = waiting.get(reply.id)
      waiting.delete(reply.id)
      if ('error' in reply) caller?.reject(new MigError('internal', `gate: ${reply.error}`))
      else caller?.resolve(reply.value)
    },
    () => {
      hasEnded = true
      for (const caller of waiting.values()) caller.reject(gone())
      waiting.clear()
      onEnd()
    },
  )
  // The gate is the trusted side: its answers have the shapes of the port by construction.
  function ask<T>(call: Record<string, unknown>): Promise<T> {
    if (hasEnded) return Promise.reject(gone())
    const id = nextId++
    return new Promise<T>((resolve, reject) => {
      waiting.set(id, { resolve: (value) => resolve(value as T), reject })
      port.send({ id, ...call }).catch((error: Error) => {
        waiting.delete(id)
        reject(error)
      })
    })
  }
  const decode = (text: string) => base64Decode(text) ?? new Uint8Array(0)
  return {
    identity: () => ask<GateIdentity>({ call: 'identity' }),
    offerPolicy: (root, policy) =>
      ask<PolicyAnswer>({ call: 'policy', root: base64Encode(root), policy: base64Encode(policy) }),
    offerAction: (wire) => ask<ActionAnswer>({ call: 'action', wire: base64Encode(wire) }),
    offerCancel: (wire) => ask<CancelAnswer>({ call: 'cancel', wire: base64Encode(wire) }),
    async outbox() {
      const entries = await ask<readonly (Omit<OutboxEntry, 'wire'> & { wire: string })[]>({ call: 'outbox' })
      return entries.map((entry) => ({ ...entry, wire: decode(entry.wire) }))
    },
    offerReceipt: (wire) => ask<boolean>({ call: 'receipt', wire: base64Encode(wire) }),
    offerHeartbeat: (wire) => ask<boolean>({ call: 'own-heartbeat', wire: base64Encode(wire) }),
    async detailPage(actionId, page) {
      const text = await ask<string | null>({ call: 'detail', actionId, page })
      return text === null ? undefined : decode(text)
    },
    progress: () => ask<GateProgress>({ call: 'progress' }),
    async heartbeat(addresses) {
      return decode(await ask<string>({ call: 'heartbeat', addresses: [...addresses] }))
    },
    onOutbox(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async stop() {
      port.close()
    },
  }
}
