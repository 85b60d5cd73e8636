import { preAuthEncoding } from '../../node/core/envelope.ts'
import { MigError } from '../../node/core/error.ts'
import type { Fingerprint } from '../../node/core/fingerprint.ts'
import { maxSignatures } from '../../node/core/limits.ts'
import type { InvestigatorService } from '../../node/roles/service.ts'
import type { Signer } from '../../node/verification/signer.ts'
import type { TrustedPolicy } from '../../node/verification/trusted-policy.ts'
import type { CommandContext } from '../context.ts'
import { type ActionFile, actionFileOf, envelopeOf, wireOf } from './action-file.ts'
import type { GlobalOptions } from './globals.ts'
import { askYesNo, countDown } from './prompt.ts'
import { checkSigners, weighFor } from './weighing.ts'

/** The same action with one more signature.
 *  @throws MigError what the signer throws, `bad-action` when there is no room */
export async function signFile(file: ActionFile, signer: Signer): Promise<ActionFile> {
  if (file.signatures.length >= maxSignatures)
    throw new MigError('bad-action', `the file holds ${maxSignatures} signatures already`)
  const { type, body } = envelopeOf(file)
  const signature = await signer.sign(preAuthEncoding(type, body))
  return actionFileOf(file.body, [...file.signatures, signature], file.replyKeys)
}

/** Says who is expected and who must still sign, and gives time to think again.
 *  @returns false when nobody is expected: there is nothing to send
 *  @throws MigError `cancelled` */
export async function confirmLaunch(
  file: ActionFile,
  setup: {
    readonly service: InvestigatorService
    readonly policy: TrustedPolicy
    readonly signer: Fingerprint | undefined
    readonly options: Pick<GlobalOptions, 'yes'>
  },
  context: CommandContext,
): Promise<boolean> {
  const { service, policy, signer, options } = setup
  const { terminal } = context
  const { expected } = await service.explain(wireOf(file))
  if (expected.length === 0) {
    terminal.say(`no agent that is online or idle matches ${file.action.target}`)
    terminal.say(`hint: mig agents shows who is there; mig agents -t '…' tries a target`)
    return false
  }
  const { persons, faults } = await checkSigners(file, policy, context.clock.now())
  for (const fault of faults) terminal.say(`a signature does not count: ${fault}`)
  if (signer !== undefined && policy.keyring.byAnyFingerprint(signer) === undefined)
    terminal.say(`${signer} is nobody's key in this policy: it adds nothing`)
  const lacking = weighFor(file.action, policy, persons, signer).filter((weight) => !weight.granted)
  for (const { words } of lacking) terminal.say(words)
  const what = `${expected.length} ${expected.length === 1 ? 'agent' : 'agents'} will be targeted`
  const isAsked = terminal.isInteractive && options.yes !== true
  if (!isAsked) {
    terminal.say(what)
    return true
  }
  if (lacking.length > 0 && !(await askYesNo(context, 'agents would refuse. Send it all the same?')))
    throw new MigError('cancelled', 'cancelled: nothing was sent', {
      hint: 'mig … -s > action.json; the others add theirs with mig action sign action.json',
    })
  await countDown(context, what)
  return true
}

/** Sends, and says what is not as it should be. */
export async function sendFile(
  file: ActionFile,
  service: InvestigatorService,
  context: CommandContext,
  replySeed?: string,
): Promise<string> {
  const sent = await service.send({ wire: wireOf(file), ...(replySeed === undefined ? {} : { replySeed }) })
  context.terminal.say(`action ${sent.id}`)
  if (sent.recipients === 0)
    context.terminal.say(
      'no neighbour has heard of it yet: it is offered again until it expires (mig mesh peers)',
    )
  if (!sent.canRead)
    context.terminal.say(
      'this node cannot read the answers: it has no reply key of this action (mig action send FILE)',
    )
  return sent.id
}
