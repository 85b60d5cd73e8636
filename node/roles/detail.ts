import { z } from 'zod'
import { concat } from '../core/bytes.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { MigError } from '../core/error.ts'
import { detailPageBytes, detailPageWaitMs, maxDetailPages } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { documentIdField, peerIdField } from '../core/schema.ts'
import type { FrameStream } from '../mesh/mesh.ts'

/** Asks for the pages of one result; each is answered by one frame. An empty frame: there is no such page. */
const requestSchema = z.strictObject({
  v: z.literal(1),
  actionid: documentIdField,
  page: z.int().min(0).max(maxDetailPages),
  /** Whose result, where another than that agent is asked. */
  peerid: peerIdField.optional(),
})

export interface PageRequest {
  readonly actionId: string
  readonly page: number
  /** Undefined: the result of the one that is asked. */
  readonly peer: PeerId | undefined
}

const maxRequestBytes = 1024
/** HPKE adds 48 bytes. */
export const maxSealedPageBytes = detailPageBytes + 1024

/** Answers page requests on one stream until the other side ends it. */
export async function serveDetail(
  stream: FrameStream,
  signal: AbortSignal,
  page: (request: PageRequest) => Promise<Uint8Array | undefined>,
): Promise<void> {
  for (let served = 0; served <= maxDetailPages; served++) {
    const frame = await stream.read({ signal, maxBytes: maxRequestBytes })
    if (frame === undefined) return
    const request = requestSchema.safeParse(parse(frame))
    if (!request.success) throw new MigError('bad-input', 'detail: a request does not fit its schema')
    const { actionid, page: number, peerid } = request.data
    const found = await page({ actionId: actionid, page: number, peer: peerid })
    await stream.write(found ?? new Uint8Array(0), { signal })
  }
}

/** Fetches sealed pages of one result one after the other, so that a broken transfer goes on where it stopped.
 *  @param request.peer whose result it is; undefined when that agent itself is asked
 *  @throws MigError `not-found` when the other side does not have a page */
export async function fetchDetail(
  stream: FrameStream,
  signal: AbortSignal,
  request: {
    readonly actionId: string
    readonly peer: PeerId | undefined
    readonly pages: readonly number[]
  },
  kept: (page: number, sealed: Uint8Array) => Promise<void>,
): Promise<void> {
  const { actionId, peer, pages } = request
  for (const page of pages) {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(detailPageWaitMs)])
    const asked = { v: 1, actionid: actionId, page, ...(peer === undefined ? {} : { peerid: peer }) }
    await stream.write(utf8(JSON.stringify(asked)), { signal: inTime })
    const sealed = await stream.read({ signal: inTime, maxBytes: maxSealedPageBytes })
    if (sealed === undefined || sealed.length === 0)
      throw new MigError('not-found', `it does not have page ${page + 1}`)
    await kept(page, concat([sealed]))
  }
}

function parse(frame: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Decode(frame) ?? '')
  } catch {
    return undefined
  }
}
