import type { Command } from 'commander'
import { type CancelBody, parseCancelBody } from '../../node/core/cancel.ts'
import { canonicalBytes } from '../../node/core/canonical-json.ts'
import { base64Encode } from '../../node/core/encoding.ts'
import { encodeEnvelope, preAuthEncoding } from '../../node/core/envelope.ts'
import { MigError, messageOf } from '../../node/core/error.ts'
import { formatInstant } from '../../node/core/instant.ts'
import type { CommandContext } from '../context.ts'
import { addServiceOptions, type ServiceOptions, waitForRoster, withService } from '../service-options.ts'
import { addSigningOptions, chooseSigner, type SigningOptions } from '../signing.ts'

/** `mig action cancel ID`: signs and sends a cancel. One person is enough: stopping is easy. */
export function define(command: Command, context: CommandContext): void {
  addSigningOptions(addServiceOptions(command))
    .argument('<id>', 'the (beginning of an) id')
    .option('--reason <text>', 'why, for the others')
    .action(async (id: string, options: ServiceOptions & SigningOptions & { readonly reason?: string }) => {
      await withService(context, options, async ({ service, config }) => {
        const { view } = await service.action(id)
        await waitForRoster(context, service)
        const { fleet } = await service.about()
        const signer = await chooseSigner(context, { key: options.key, gpg: options.gpg, config })
        const body: CancelBody = {
          v: 1,
          fleet,
          actionid: view.id,
          issuedat: formatInstant(context.clock.now()),
          ...(options.reason === undefined ? {} : { reason: options.reason }),
        }
        const bytes = bytesOf(body)
        const signature = await signer.sign(preAuthEncoding('mig.cancel.v1', bytes))
        const envelope = { type: 'mig.cancel.v1', body: bytes, signatures: [signature] } as const
        const { recipients } = await service.cancel(base64Encode(encodeEnvelope(envelope)))
        context.terminal.say(
          `cancelled ${view.id.slice(0, 12)} (${view.name}); ${recipients} neighbours heard it at once`,
        )
        context.terminal.say('what has answered by then keeps its answer: mig accounting shows who')
      })
    })
}

function bytesOf(body: CancelBody): Uint8Array {
  const fault = parseCancelBody(body)
  if (typeof fault === 'string') throw new MigError('usage', fault)
  try {
    return canonicalBytes(body)
  } catch (error) {
    throw new MigError('usage', messageOf(error), { cause: error })
  }
}
