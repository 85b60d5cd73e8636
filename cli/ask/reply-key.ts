import { base64Encode } from '../../node/core/encoding.ts'
import { MigError, messageOf } from '../../node/core/error.ts'
import type { InvestigatorService } from '../../node/roles/service.ts'
import { openReplyKey } from '../../node/verification/reply-keys.ts'
import type { Signer } from '../../node/verification/signer.ts'
import type { CommandContext } from '../context.ts'
import type { ActionFile } from './action-file.ts'

/** The reply key of an action that was drafted elsewhere, opened with this person's key; undefined when the node has it already, or when
 *  this person is no reader of the action. */
export async function replySeedFor(
  file: ActionFile,
  setup: { readonly service: InvestigatorService; readonly signer: () => Promise<Signer> },
  context: CommandContext,
): Promise<string | undefined> {
  const { peer } = await setup.service.about()
  if (peer === file.action.origin || file.replyKeys.length === 0) return undefined
  const signer = await setup.signer()
  if (!file.action.replyto.readers.includes(signer.fingerprint)) return undefined
  for (const sealed of file.replyKeys) {
    try {
      return base64Encode(await openReplyKey(sealed, signer, file.action.replyto.x25519))
    } catch (error) {
      if (error instanceof MigError && error.code === 'cancelled') throw error
      context.terminal.say(`the reply key cannot be opened with ${signer.describe}: ${messageOf(error)}`)
    }
  }
  return undefined
}
