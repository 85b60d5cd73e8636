import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { utf8, utf8Decode } from '../../node/core/encoding.ts'
import { messageOf } from '../../node/core/error.ts'
import type { NetworkView } from '../../node/roles/network-view.ts'
import { readPrivateFile, replaceFile } from '../../node/store/private-file.ts'
import type { CommandContext } from '../context.ts'
import { createLog } from '../log.ts'

const text = z.string().max(600)
const count = z.number().min(0)
const schema = z.strictObject({
  addresses: z.array(text).max(64),
  listening: z.array(text).max(64),
  needsRelays: z.boolean(),
  reservations: z
    .array(
      z.strictObject({
        relay: text,
        state: z.enum(['held', 'refused', 'failed']),
        reason: z.string().max(4096).optional(),
      }),
    )
    .max(1000),
  checks: z
    .array(z.strictObject({ by: text, tried: z.array(text).max(64), reached: z.array(text).max(64) }))
    .max(1000),
  links: z
    .array(
      z.strictObject({
        name: text,
        role: text,
        how: z.enum(['direct', 'LAN', 'relayed']),
        relay: text.optional(),
        direction: text,
        since: text,
      }),
    )
    .max(1000),
  clock: z.strictObject({ aheadMinutes: z.int(), neighbours: z.int().min(0) }).optional(),
  isChosen: z.literal(true).optional(),
  relaying: z
    .strictObject({
      reservations: count,
      reserved: z.array(z.strictObject({ name: text, leftMs: count })).max(1000),
      circuits: count,
      open: z.array(z.strictObject({ from: text, to: text, ageMs: count, bytes: count })).max(1000),
      bytes: count,
      refused: count,
      accounts: z
        .array(
          z.strictObject({
            name: text,
            circuits: count,
            circuitsEver: count,
            sentBytes: count,
            receivedBytes: count,
            refused: count,
          }),
        )
        .max(1000),
    })
    .optional(),
})

/** In the part of the state that the process that faces the network may write. */
const path = (state: string) => join(state, 'mesh', 'network')
/** Links and reservations are told within a second; what is carried changes all the time and can wait. */
const lookEveryMs = 1000
const looksBetweenCounts = 10

/** Keeps a file of how a running node stands in the network, for commands that have no line to it.
 *  @returns how to end that and take the file away */
export async function keepNetworkFile(
  context: Pick<CommandContext, 'clock'>,
  state: string,
  view: () => NetworkView,
): Promise<() => Promise<void>> {
  const { clock } = context
  let written = ''
  let looks = 0
  let callOff = () => {}
  let writing: Promise<void> = Promise.resolve()
  const write = async () => {
    const now = view()
    const links = JSON.stringify({ ...now, relaying: undefined })
    if (links === written && (now.relaying === undefined || looks++ < looksBetweenCounts)) return
    written = links
    looks = 0
    await replaceFile(path(state), utf8(`${JSON.stringify(now)}\n`))
  }
  const next = () => {
    writing = write().catch((error: unknown) =>
      createLog('warn', 'network-file')('network-file-failed', { error: messageOf(error) }),
    )
    callOff = clock.after(lookEveryMs, next)
  }
  next()
  await writing
  return async () => {
    callOff()
    await writing
    await rm(path(state), { force: true })
  }
}

/** Undefined where no node has written one; whether it still runs the running file says. */
export async function readNetworkFile(state: string): Promise<NetworkView | undefined> {
  try {
    const parsed = schema.parse(JSON.parse(utf8Decode(await readPrivateFile(path(state))) ?? ''))
    return parsed as NetworkView // exactOptionalPropertyTypes: an absent key of the schema is never `undefined` in JSON
  } catch {
    return undefined // not there or half of nothing: a hint only
  }
}
