import { MigError } from '../../node/core/error.ts'
import type { Signer } from '../../node/verification/signer.ts'
import type { CommandContext, ExitCode } from '../context.ts'
import { type UsedService, waitForRoster, withService } from '../service-options.ts'
import { chooseSigner } from '../signing.ts'
import { type ActionFile, formatActionFile } from './action-file.ts'
import { followAction } from './follow.ts'
import type { GlobalOptions } from './globals.ts'
import { confirmLaunch, sendFile, signFile } from './launch.ts'
import { makeDraft, type Question } from './make-draft.ts'
import { policyOf } from './policy.ts'
import { replySeedFor } from './reply-key.ts'
import { checkSigners } from './weighing.ts'

export type Asked =
  | { readonly kind: 'question'; readonly question: Question }
  | { readonly kind: 'action'; readonly file: ActionFile }

/** Asks through the investigator's node.
 *  @throws MigError `not-enrolled` where this machine has none, and what each step throws */
export async function askMesh(
  asked: Asked,
  options: GlobalOptions,
  context: CommandContext,
): Promise<ExitCode> {
  try {
    return await askThroughNode(asked, options, context)
  } catch (error) {
    if (!(error instanceof MigError) || error.code !== 'not-enrolled') throw error
    throw new MigError('not-enrolled', error.message, {
      cause: error,
      hint: `${error.hint ?? 'mig investigator enrol <invitation>'}; -t local asks this machine, without a mesh`,
    })
  }
}

function askThroughNode(asked: Asked, options: GlobalOptions, context: CommandContext): Promise<ExitCode> {
  return withService(context, options, async (used) => {
    const { service, config } = used
    // A printed draft needs no key; one that is drafted with a key can be cancelled by its owner.
    const signer = await chooseSigner(context, { key: options.key, gpg: options.gpg, config }).catch(
      (error: unknown) => {
        if (options.print === true && error instanceof MigError && options.key === undefined) return undefined
        throw error
      },
    )
    if (options.print !== true) await waitForRoster(context, service)
    const file =
      asked.kind === 'action'
        ? asked.file
        : await makeDraft(service, asked.question, options, {
            drafter: signer?.fingerprint,
            terminal: context.terminal,
          })
    if (options.print === true || signer === undefined) return printFile(file, context)
    return options.sign === true
      ? printFile(await signFile(file, signer), context)
      : launch(file, signer, used, options, context)
  })
}

async function launch(
  file: ActionFile,
  signer: Signer,
  { service, isShared }: UsedService,
  options: GlobalOptions,
  context: CommandContext,
): Promise<ExitCode> {
  if (file.action.expireafter <= context.clock.now())
    throw new MigError('expired', `the action is past its expireafter`, { hint: 'draft it anew' })
  const policy = await policyOf(service, context.clock.now())
  const me = policy.keyring.byAnyFingerprint(signer.fingerprint)?.person
  const { persons } = await checkSigners(file, policy, context.clock.now())
  // Whoever has signed already counts once: another signature would add nothing.
  const isSigned = me !== undefined && persons.has(me)
  const mine = isSigned ? undefined : signer.fingerprint
  if (!(await confirmLaunch(file, { service, policy, signer: mine, options }, context))) return 5
  const signed = isSigned ? file : await signFile(file, signer)
  const seed = await replySeedFor(signed, { service, signer: async () => signer }, context)
  const id = await sendFile(signed, service, context, seed)
  const { show, format, waitMs } = options
  return followAction(
    id,
    service,
    { show, format, waitMs, expireAfter: file.action.expireafter, isShared },
    context,
  )
}

function printFile(file: ActionFile, context: CommandContext): ExitCode {
  context.terminal.raw(formatActionFile(file))
  return 0
}
