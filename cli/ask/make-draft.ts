import type { Json } from '../../node/core/canonical-json.ts'
import { base64Decode } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import { maxActionSpanSeconds, maxNameChars } from '../../node/core/limits.ts'
import type { DraftRequest, InvestigatorService } from '../../node/roles/service.ts'
import type { Terminal } from '../terminal.ts'
import { type ActionFile, actionFileOf } from './action-file.ts'
import type { DraftFile } from './draft-file.ts'
import type { GlobalOptions } from './globals.ts'

export const defaultExpireMs = 300_000
/** To be co-signed by somebody who may be asleep. */
export const signOnlyExpireMs = 86_400_000
const maxTitleChars = 100

/** What a question needs beside its operations. */
export interface Question {
  readonly name: string
  readonly target: string
  readonly operations: readonly { readonly module: string; readonly parameters: Json }[]
  readonly description?: Json | undefined
  readonly threat?: Json | undefined
}

/** Has the node make an action of it: window, nonce, reply key.
 *  @throws MigError `bad-target`, `bad-parameters`, `bad-action`, `usage` … */
export async function makeDraft(
  service: InvestigatorService,
  question: Question | DraftFile,
  options: GlobalOptions,
  setup: { readonly drafter: string | undefined; readonly terminal: Terminal },
): Promise<ActionFile> {
  const expireMs = options.expireMs ?? (options.sign === true ? signOnlyExpireMs : defaultExpireMs)
  if (expireMs > maxActionSpanSeconds * 1000)
    throw new MigError('usage', `--expire: at most 7d, got ${expireMs / 1000}s`)
  const request: DraftRequest = {
    name: question.name,
    target: question.target,
    operations: question.operations,
    expireSeconds: Math.max(1, Math.round(expireMs / 1000)),
    ...optional('drafter', setup.drafter),
    ...(options.readers.length === 0 ? {} : { readers: options.readers }),
    ...optional('targetFound', options.targetFound),
    ...optional('targetNotFound', options.targetNotFound),
    ...optional('case', options.case),
    ...optional('description', question.description),
    ...optional('threat', question.threat),
    ...limitsOf(options),
  }
  const draft = await service.draft(request)
  for (const person of draft.unableToRead)
    setup.terminal.say(`${person} could not read the answers: no encryption key`)
  const bytes = (base64: string) => base64Decode(base64) ?? new Uint8Array()
  return actionFileOf(bytes(draft.body), [], draft.replyKeys.map(bytes))
}

/** The command itself, cut as MIG does; what may not stand in a name is shown as `?`. */
export function titleOf(words: readonly string[]): string {
  let title = ''
  for (const word of words) {
    title += title === '' ? word : ` ${word}`
    if (title.length <= maxTitleChars) continue
    title = `${title.slice(0, maxNameChars - 3).toWellFormed()}...`
    break
  }
  return title.normalize('NFC').replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\ufffd]/gu, '?')
}

function limitsOf(options: GlobalOptions): Pick<DraftRequest, 'limits'> {
  const limits = {
    ...optional(
      'wallseconds',
      options.limitWallMs === undefined ? undefined : Math.max(1, Math.round(options.limitWallMs / 1000)),
    ),
    ...optional('matches', options.limitMatches),
    ...optional('summarybytes', options.summaryBytes),
  }
  return Object.keys(limits).length === 0 ? {} : { limits }
}

function optional<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T }
}
