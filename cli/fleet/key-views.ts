import { keyFacts } from '../../node/verification/key-facts.ts'
import type { CommandContext } from '../context.ts'
import { listOwnKeys, type OwnKey } from '../signing.ts'
import { certificateOf } from './people.ts'

export interface KeyView {
  readonly fingerprint: string
  readonly userIds: readonly string[]
  /** `gpg`, or the path of a key file. */
  readonly where: string
  readonly canSign: boolean
  /** Answers can be encrypted to it. */
  readonly canEncrypt: boolean
  /** `YYYY-MM-DDTHH:MM:SSZ`; absent when it never expires. */
  readonly expires?: string
}

/** Every key that can sign here, with what it can do now. */
export async function listKeyViews(
  context: CommandContext,
  gpg: boolean | undefined,
): Promise<readonly KeyView[]> {
  const views: KeyView[] = []
  for (const key of await listOwnKeys(context, { gpg })) views.push(await toView(context, key))
  return views
}

async function toView(context: CommandContext, key: OwnKey): Promise<KeyView> {
  const { canSign, canEncrypt, expires } = await keyFacts(
    await certificateOf(context, key),
    context.clock.now(),
  )
  return {
    fingerprint: key.fingerprint,
    userIds: key.userIds,
    where: key.kind === 'gpg' ? 'gpg' : key.file.path,
    canSign,
    canEncrypt,
    ...(expires === undefined ? {} : { expires }),
  }
}
