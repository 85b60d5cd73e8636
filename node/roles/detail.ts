import { z } from 'zod'
import { concat } from '../core/bytes.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { MigError } from '../core/error.ts'
import { detailPageBytes, maxDetailPages } from '../core/limits.ts'
import { documentIdField } from '../core/schema.ts'
import type { FrameStream } from '../mesh/mesh.ts'

/** Asks for the pages of one result; each is answered by one frame. An empty frame: there is no such page. */
const requestSchema = z.strictObject({
  v: z.literal(1),
  actionid: documentIdField,
  page: z.int().min(0).max(maxDetailPages),
})

const maxRequestBytes = 1024
/** HPKE adds 48 bytes. */
export const maxSealedPageBytes = detailPageBytes + 1024

/** Answers page requests on one stream until the other side ends it. */
export async function serveDetail(
  stream: FrameStream,
  signal: AbortSignal,
  page: (actionId: string, page: number) => Promise<Uint8Array | undefined>,
): Promise<void> {
  for (let served = 0; served <= maxDetailPages; served++) {
    const frame = await stream.read({ signal, maxBytes: maxRequestBytes })
    if (frame === undefined) return
    const request = requestSchema.safeParse(parse(frame))
    if (!request.success) throw new MigError('bad-input', 'detail: a request does not fit its schema')
    await stream.write((await page(request.data.actionid, request.data.page)) ?? new Uint8Array(0), {
      signal,
    })
  }
}

/** Fetches the sealed pages of one result, from `first` on: a broken transfer goes on where it stopped.
 *  @throws MigError `not-found` when the other side does not have a page */
export async function fetchDetail(
  stream: FrameStream,
  signal: AbortSignal,
  request: { readonly actionId: string; readonly first: number; readonly pages: number },
  kept: (page: number, sealed: Uint8Array) => Promise<void>,
): Promise<void> {
  for (let page = request.first; page < request.pages; page++) {
    await stream.write(utf8(JSON.stringify({ v: 1, actionid: request.actionId, page })), { signal })
    const sealed = await stream.read({ signal, maxBytes: maxSealedPageBytes })
    if (sealed === undefined || sealed.length === 0)
      throw new MigError('not-found', `the agent no longer has page ${page + 1} of ${request.pages}`)
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
