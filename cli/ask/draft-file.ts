import { gunzipSync } from 'node:zlib'
import { parseParameters } from '../../modules/parameters.ts'
import { findModule, modules } from '../../modules/registry.ts'
import type { Json, JsonObject } from '../../node/core/canonical-json.ts'
import { MigError, messageOf } from '../../node/core/error.ts'
import { maxActionBytes, maxNameChars, maxOperations } from '../../node/core/limits.ts'
import { nearest } from '../../node/core/nearest.ts'
import { readJson } from './json-reader.ts'

/** An action that has no id yet: MIG v2 files, the deck's form, or what somebody wrote by hand (protocol 3.2). */
export interface DraftFile {
  readonly name: string
  readonly target: string
  readonly description: JsonObject | undefined
  readonly threat: JsonObject | undefined
  /** In today's form. */
  readonly operations: readonly { readonly module: string; readonly parameters: Json }[]
  /** What was left out or rewritten, one sentence each: shown to whoever signs. */
  readonly changes: readonly string[]
}

/** Fields that a MIG server or MIG's signing added: they say nothing about the question. */
const serverFields = new Set(
  'id status starttime finishtime lastupdatetime counters investigators pgpsignatures syntaxversion'.split(
    ' ',
  ),
)
const ownFields = new Set('name target description threat operations validfrom expireafter'.split(' '))
const descriptionFields = ['author', 'email', 'url', 'revision']
const threatFields = ['ref', 'level', 'family', 'type']

/** @throws MigError `bad-action`, `unknown-module`, `bad-parameters` naming the place */
export function readDraft(given: JsonObject): DraftFile {
  const changes: string[] = []
  const object = foldNames(given)
  const version = object.syntaxversion
  if (version !== undefined && version !== 2 && version !== 1)
    throw new MigError('bad-action', `syntaxversion: expected 2 or 3, got ${JSON.stringify(version)}`)
  const dropped = Object.keys(object).filter((name) => !ownFields.has(name) && !serverFields.has(name))
  if (dropped.length > 0) changes.push(`left out: ${dropped.join(', ')}`)
  if (Array.isArray(object.pgpsignatures) && object.pgpsignatures.length > 0)
    changes.push('MIG v2 signatures never authorise a run here: left out')
  if (object.validfrom !== undefined || object.expireafter !== undefined)
    changes.push('the window of the file is replaced by a fresh one')
  if (!Array.isArray(object.operations) || object.operations.length === 0)
    throw new MigError('bad-action', 'operations: expected a list of at least one operation')
  if (object.operations.length > maxOperations)
    throw new MigError('bad-action', `operations: at most ${maxOperations}, got ${object.operations.length}`)
  return {
    name: textField(object, 'name', maxNameChars),
    target: textField(object, 'target', 2048),
    description: picked(object.description, descriptionFields),
    threat: picked(object.threat, threatFields),
    operations: object.operations.map((operation: Json, i) => readOperation(operation, i, changes)),
    changes,
  }
}

function readOperation(operation: Json, i: number, changes: string[]): { module: string; parameters: Json } {
  const at = `operations[${i}]`
  if (typeof operation !== 'object' || operation === null || Array.isArray(operation))
    throw new MigError('bad-action', `${at}: expected an object with module and parameters`)
  const { module, parameters, ...rest } = operation as JsonObject
  if (typeof module !== 'string') throw new MigError('bad-action', `${at}.module: expected a module's name`)
  const definition = findModule(module)
  if (definition === undefined) {
    const near =
      module === 'connected'
        ? 'netstat'
        : nearest(
            module,
            modules.map(({ name }) => name),
          )
    throw new MigError('unknown-module', `${at}.module: there is no module '${module.slice(0, 64)}'`, {
      hint: near === undefined ? 'mig module list' : `did you mean '${near}'?`,
    })
  }
  const plain = rest.is_compressed === true ? decompressed(parameters, at) : (parameters ?? null)
  const present = (definition.normalise?.(plain) ?? plain) as Json
  if (JSON.stringify(present) !== JSON.stringify(plain))
    changes.push(`${at}: parameters of an older form, rewritten to that of module ${module}`)
  const others = Object.keys(rest).filter((name) => name !== 'is_compressed' && name !== 'want_compressed')
  if (others.length > 0) changes.push(`${at}: left out: ${others.join(', ')}`)
  try {
    parseParameters(definition, present)
  } catch (error) {
    if (!(error instanceof MigError)) throw error
    throw new MigError(error.code, `${at}.parameters: ${error.message}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    })
  }
  return { module, parameters: present }
}

/** MIG's compressed parameters: base64 of gzip of JSON (reference/mig.md 2.4). */
function decompressed(parameters: Json | undefined, at: string): Json {
  if (typeof parameters !== 'string')
    throw new MigError('bad-action', `${at}.parameters: expected base64, since is_compressed is set`)
  try {
    const bytes = gunzipSync(Buffer.from(parameters, 'base64'), { maxOutputLength: maxActionBytes })
    return readJson(bytes.toString('utf8'))
  } catch (error) {
    throw new MigError('bad-action', `${at}.parameters cannot be decompressed: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** MIG reads names in any case. */
function foldNames(object: JsonObject): JsonObject {
  const folded = new Map<string, Json>()
  for (const [name, value] of Object.entries(object)) {
    const lower = name.toLowerCase()
    const known = ownFields.has(lower) || serverFields.has(lower) ? lower : name
    if (folded.has(known)) throw new MigError('bad-action', `${known} stands there twice`)
    folded.set(known, value)
  }
  return Object.fromEntries(folded)
}

function textField(object: JsonObject, name: string, maxChars: number): string {
  const value = object[name]
  if (typeof value !== 'string' || value === '') throw new MigError('bad-action', `${name}: expected a text`)
  if (value.length > maxChars) throw new MigError('bad-action', `${name}: more than ${maxChars} characters`)
  return value
}

function picked(value: Json | undefined, names: readonly string[]): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = names.flatMap((name): [string, Json][] => {
    const item = (value as JsonObject)[name]
    const fits = name === 'revision' ? Number.isSafeInteger(item) : typeof item === 'string' && item !== ''
    return fits && item !== undefined ? [[name, item]] : []
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
