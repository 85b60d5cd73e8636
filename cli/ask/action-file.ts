import { type Action, parseActionBody } from '../../node/core/action.ts'
import {
  canonicalBytes,
  describeFault,
  type Json,
  type JsonObject,
  parseCanonical,
} from '../../node/core/canonical-json.ts'
import { base64Decode, base64Encode } from '../../node/core/encoding.ts'
import { decodeEnvelope, documentId, type Envelope, encodeEnvelope } from '../../node/core/envelope.ts'
import { MigError, messageOf } from '../../node/core/error.ts'
import {
  maxActionBytes,
  maxActionFileBytes,
  maxReplyKeyBytes,
  maxSignatureBytes,
  maxSignatures,
} from '../../node/core/limits.ts'
import { inertJson } from '../views/json.ts'
import { type DraftFile, readDraft } from './draft-file.ts'
import { readJson } from './json-reader.ts'
import { readGivenFile } from './read-file.ts'

/** An action that has its id: whatever is added beside the body changes nothing of it (protocol 2.4, 3.1). */
export interface ActionFile {
  readonly id: string
  /** Canonical: what is signed. */
  readonly body: Uint8Array
  readonly action: Action
  /** As they stand in the file; nothing is known of their worth. */
  readonly signatures: readonly Uint8Array[]
  /** The reply key's private half, encrypted to the readers. */
  readonly replyKeys: readonly Uint8Array[]
}

export type LoadedFile =
  | { readonly kind: 'action'; readonly file: ActionFile }
  | { readonly kind: 'draft'; readonly draft: DraftFile }

/** @throws MigError `bad-json`, `bad-action`, both with the file's name; `not-found`, `too-large` */
export async function loadActionFile(path: string): Promise<LoadedFile> {
  return parseActionFile(await readGivenFile(path, maxActionFileBytes), path)
}

/** The same for a file that must have its id already.
 *  @throws MigError */
export async function loadAction(path: string): Promise<ActionFile> {
  const loaded = await loadActionFile(path)
  if (loaded.kind === 'action') return loaded.file
  throw new MigError(
    'bad-action',
    `${path} is a draft: it has no window, nonce or reply key of its own yet`,
    {
      hint: `mig action draft ${path} -o action.json, or mig -i ${path}`,
    },
  )
}

/** Reads the file form of an action (protocol 3.1), or a draft: MIG v2 and the deck's form (protocol 3.2). */
export function parseActionFile(text: string, path: string): LoadedFile {
  try {
    const json = readJson(text)
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw new MigError('bad-action', 'an action is a JSON object')
    const object = json as JsonObject
    return object.syntaxversion === 3
      ? { kind: 'action', file: readV3(object) }
      : { kind: 'draft', draft: readDraft(object) }
  } catch (error) {
    if (!(error instanceof MigError)) throw error
    throw new MigError(error.code, `${path}: ${error.message}`, {
      cause: error,
      ...(error.position === undefined ? {} : { position: error.position }),
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    })
  }
}

function readV3(object: JsonObject): ActionFile {
  const { pgpsignatures, replykeys, ...rest } = object
  let body: Uint8Array
  try {
    body = canonicalBytes(rest)
  } catch (error) {
    throw new MigError('bad-action', messageOf(error), { cause: error })
  }
  return actionFileOf(
    body,
    base64List(pgpsignatures, 'pgpsignatures', maxSignatures, maxSignatureBytes),
    base64List(replykeys, 'replykeys', 4, maxReplyKeyBytes),
  )
}

/** @param body canonical
 *  @throws MigError `bad-action` */
export function actionFileOf(
  body: Uint8Array,
  signatures: readonly Uint8Array[],
  replyKeys: readonly Uint8Array[],
): ActionFile {
  const parsed = parseCanonical(body, maxActionBytes)
  if (parsed.kind === 'fault') throw new MigError('bad-action', describeFault(parsed.fault))
  const action = parseActionBody(parsed.value)
  if (typeof action === 'string') throw new MigError('bad-action', action)
  return { id: documentId({ type: 'mig.action.v3', body }), body, action, signatures, replyKeys }
}

/** What a node takes: base64 of body and signatures. */
export function wireOf(file: Pick<ActionFile, 'body' | 'signatures'>): string {
  return base64Encode(encodeEnvelope(envelopeOf(file)))
}

export function envelopeOf({ body, signatures }: Pick<ActionFile, 'body' | 'signatures'>): Envelope {
  return { type: 'mig.action.v3', body, signatures }
}

/** What a node gave back, as a file; without reply keys, which no node gives away. */
export function actionFileFromWire(wire: string): ActionFile {
  const bytes = base64Decode(wire)
  const envelope = bytes === undefined ? undefined : decodeEnvelope(bytes)
  if (envelope === undefined || typeof envelope === 'string')
    throw new MigError('bad-action', 'the node gave something that is no action')
  return actionFileOf(envelope.body, envelope.signatures, [])
}

// What people look for first stands first; the order is no part of what is signed.
const fieldOrder = [
  'name',
  'description',
  'threat',
  'target',
  'only',
  'validfrom',
  'expireafter',
  'operations',
  'limits',
  'case',
]

/** The file form: pretty-printed, signatures and reply keys last. Reading it back gives the same id. */
export function formatActionFile(file: ActionFile): string {
  return `${inertJson(actionFileObject(file), 2)}\n`
}

export function actionFileObject(file: ActionFile): Json {
  const body = JSON.parse(Buffer.from(file.body).toString('utf8')) as JsonObject
  const names = Object.keys(body)
  const ordered = [
    ...fieldOrder.filter((name) => names.includes(name)),
    ...names.filter((name) => !fieldOrder.includes(name)),
  ]
  return {
    ...Object.fromEntries(ordered.map((name) => [name, body[name] as Json])),
    pgpsignatures: file.signatures.map(base64Encode),
    replykeys: file.replyKeys.map(base64Encode),
  }
}

function base64List(
  value: Json | undefined,
  name: string,
  maxCount: number,
  maxBytes: number,
): readonly Uint8Array[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new MigError('bad-action', `${name}: expected a list of base64 texts`)
  if (value.length > maxCount)
    throw new MigError('bad-action', `${name}: at most ${maxCount}, got ${value.length}`)
  return value.map((entry: Json, i) => {
    const bytes = typeof entry === 'string' ? base64Decode(entry.replace(/\s/g, '')) : undefined
    if (bytes === undefined || bytes.length === 0)
      throw new MigError('bad-action', `${name}[${i}]: expected base64`)
    if (bytes.length > maxBytes)
      throw new MigError('bad-action', `${name}[${i}]: more than ${maxBytes} bytes`)
    return bytes
  })
}
