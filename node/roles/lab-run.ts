import type { Clock } from '../core/clock.ts'
import { base64Decode, base64Encode } from '../core/encoding.ts'
import { MigError } from '../core/error.ts'
import type { InvestigatorNode } from './investigator.ts'
import type { Lab, LabPerson } from './lab.ts'
import type { DraftRequest } from './service.ts'

export interface AskedInLab {
  readonly id: string
  readonly expected: number
  readonly answered: number
  readonly found: number
  /** From `send` returning the bytes to the mesh until the first and the last answer stood in the investigator's store. */
  readonly firstMs: number
  readonly lastMs: number
}

/** Asks one question in a lab and waits for every expected agent.
 *  @throws MigError `timeout` naming who is silent */
export async function askInLab(
  lab: Lab,
  node: InvestigatorNode,
  signers: readonly LabPerson[],
  request: DraftRequest,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<AskedInLab> {
  const draft = await node.service.draft(request)
  const body = base64Decode(draft.body) ?? new Uint8Array(0)
  const wire = await lab.sign(
    'mig.action.v3',
    body,
    signers.map((person) => person.signer),
  )
  const started = clock.monotonicMs()
  const sent = await node.service.send({ wire: base64Encode(wire) })
  let firstMs: number | undefined
  let seen = 0
  for (;;) {
    const accounting = await node.service.accounting(sent.id)
    const passed = clock.monotonicMs() - started
    const heard = accounting.expected - accounting.silent.length
    if (heard > 0) firstMs ??= passed
    if (accounting.silent.length === 0 && accounting.expected > 0) {
      return {
        id: sent.id,
        expected: accounting.expected,
        answered: accounting.answered.length,
        found: accounting.found,
        firstMs: firstMs ?? passed,
        lastMs: passed,
      }
    }
    if (passed > timeoutMs)
      throw new MigError('timeout', `silent: ${accounting.silent.map((line) => line.name).join(', ')}`)
    seen = await node.service.changes(sent.id, seen, 1000)
  }
}

/** Waits until the roster shows so many agents. @throws MigError `timeout` */
export async function whenInRoster(
  node: InvestigatorNode,
  agents: number,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<void> {
  const started = clock.monotonicMs()
  for (;;) {
    const { length } = await node.service.agents()
    if (length >= agents) return
    if (clock.monotonicMs() - started > timeoutMs)
      throw new MigError('timeout', `${length} of ${agents} agents are in the roster`)
    await clock.sleep(25)
  }
}
