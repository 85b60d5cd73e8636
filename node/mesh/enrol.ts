import type { Role } from '../core/certificate.ts'
import { MigError, messageOf } from '../core/error.ts'
import { maxCredentialBytes, maxRefusalReasonBytes } from '../core/limits.ts'
import type { Libp2pFrameStream } from './libp2p-frame-stream.ts'
import type { Verdict } from './mesh.ts'

/** The enrol stream (protocol 1.5). The dialler shows itself first, because it knows whom it dialled; a listener shows
 *  nothing of itself to whom it refuses. Frames, d = dialler, l = listener:
 *
 *      d → l   hello     version, flags, credentials
 *      l → d   verdict   admitted or refused, with the reason
 *      l → d   hello     only when admitted
 *      d → l   verdict
 */
const version = 1
const soleFlag = 1

export interface Hello {
  /** The sender knows no other connection between the two: what the receiver still holds is dead. */
  readonly sole: boolean
  readonly credentials: Uint8Array
}

export type EnrolOutcome =
  | { readonly kind: 'admitted'; readonly role: Role; readonly sole: boolean }
  | { readonly kind: 'refused'; readonly by: 'us' | 'them'; readonly reason: string }

export interface EnrolPorts {
  readonly credentials: () => Promise<Uint8Array>
  readonly judge: (credentials: Uint8Array) => Promise<Verdict>
  /** Waits until there is room for credentials of that size. */
  readonly room: (bytes: number) => Promise<void>
}

/** The dialler's side. */
export async function presentTo(
  stream: Libp2pFrameStream,
  sole: boolean,
  ports: EnrolPorts,
  signal: AbortSignal,
): Promise<EnrolOutcome> {
  await stream.write(encodeHello({ sole, credentials: await ports.credentials() }), { signal })
  const theirs = decodeVerdict(await expectFrame(stream, signal, 1 + maxRefusalReasonBytes))
  if (theirs !== undefined) return { kind: 'refused', by: 'them', reason: theirs }
  const hello = await readHello(stream, ports, signal)
  const ours = await ports.judge(hello.credentials)
  await stream.write(encodeVerdict(ours), { signal })
  await stream.close()
  return ours.kind === 'admitted' ? { ...ours, sole } : { kind: 'refused', by: 'us', reason: ours.reason }
}

/** The listener's side. */
export async function answer(
  stream: Libp2pFrameStream,
  ports: EnrolPorts,
  signal: AbortSignal,
): Promise<EnrolOutcome> {
  const hello = await readHello(stream, ports, signal)
  const ours = await ports.judge(hello.credentials)
  await stream.write(encodeVerdict(ours), { signal })
  if (ours.kind === 'refused') {
    await stream.close()
    return { kind: 'refused', by: 'us', reason: ours.reason }
  }
  await stream.write(encodeHello({ sole: false, credentials: await ports.credentials() }), { signal })
  const theirs = decodeVerdict(await expectFrame(stream, signal, 1 + maxRefusalReasonBytes))
  await stream.close()
  if (theirs !== undefined) return { kind: 'refused', by: 'them', reason: theirs }
  return { kind: 'admitted', role: ours.role, sole: hello.sole }
}

async function readHello(stream: Libp2pFrameStream, ports: EnrolPorts, signal: AbortSignal): Promise<Hello> {
  const frame = await stream.read({ signal, maxBytes: 2 + maxCredentialBytes, room: ports.room })
  if (frame === undefined || frame.length < 2)
    throw new MigError('bad-certificate', 'the peer showed no credentials')
  if (frame[0] !== version)
    throw new MigError('unsupported', `enrol version ${frame[0]}, expected ${version}`)
  return { sole: ((frame[1] as number) & soleFlag) !== 0, credentials: frame.subarray(2) }
}

async function expectFrame(
  stream: Libp2pFrameStream,
  signal: AbortSignal,
  maxBytes: number,
): Promise<Uint8Array> {
  const frame = await stream.read({ signal, maxBytes })
  if (frame === undefined) throw new MigError('not-reachable', 'the peer ended the enrol stream')
  return frame
}

function encodeHello(hello: Hello): Uint8Array {
  if (hello.credentials.length > maxCredentialBytes) {
    throw new MigError(
      'too-large',
      `credentials of ${hello.credentials.length} bytes, at most ${maxCredentialBytes}`,
    )
  }
  const bytes = new Uint8Array(2 + hello.credentials.length)
  bytes[0] = version
  bytes[1] = hello.sole ? soleFlag : 0
  bytes.set(hello.credentials, 2)
  return bytes
}

function encodeVerdict(verdict: Verdict): Uint8Array {
  if (verdict.kind === 'admitted') return Uint8Array.of(1)
  const reason = new TextEncoder().encode(verdict.reason).subarray(0, maxRefusalReasonBytes)
  const bytes = new Uint8Array(1 + reason.length)
  bytes.set(reason, 1)
  return bytes
}

/** The reason of a refusal; undefined when admitted. A stranger wrote it: nothing in it may steer a terminal. */
function decodeVerdict(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 1) return undefined
  return new TextDecoder().decode(bytes.subarray(1)).replace(/\p{C}/gu, '?')
}

/** Turns what a judge throws into a refusal that tells a stranger nothing. */
export async function judgeSafely(
  judge: () => Promise<Verdict>,
  failed: (reason: string) => void,
): Promise<Verdict> {
  try {
    return await judge()
  } catch (error) {
    failed(messageOf(error))
    return { kind: 'refused', reason: 'credentials could not be judged' }
  }
}
