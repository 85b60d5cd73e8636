import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Accounting } from '../../node/core/accounting.ts'
import { canonicalBytes } from '../../node/core/canonical-json.ts'
import { base64Decode, base64Encode } from '../../node/core/encoding.ts'
import { decodeEnvelope } from '../../node/core/envelope.ts'
import type { PolicyBody } from '../../node/core/policy.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import { createLab, type Lab, type LabPerson } from '../../node/roles/lab.ts'
import type { DraftRequest } from '../../node/roles/service.ts'
import { systemClock, systemRandom } from '../../node/system/system-clock.ts'

export interface LoggedEvent {
  readonly node: string
  readonly event: string
  readonly details: Record<string, unknown>
}

/** A fleet to attack, all nodes in this process, with what every node logs. */
export interface AttackedLab {
  readonly lab: Lab
  readonly events: readonly LoggedEvent[]
  /** How often a node has logged this. */
  count(node: string, event: string, details?: Record<string, unknown>): number
  /** A machine's disk. @returns its root */
  machine(name: string, files?: Readonly<Record<string, string | Buffer>>): string
  stop(): Promise<void>
}

export async function anAttackedLab(options: Parameters<typeof createLab>[0]): Promise<AttackedLab> {
  const scratch = mkdtempSync(join(tmpdir(), 'mig-attack-'))
  const events: LoggedEvent[] = []
  const lab = await createLab(options, {
    clock: systemClock,
    random: systemRandom,
    log: (node, event, details = {}) => events.push({ node, event, details }),
  })
  return {
    lab,
    events,
    count: (node, event, details = {}) =>
      events.filter(
        (line) =>
          line.node === node &&
          line.event === event &&
          Object.entries(details).every(([name, value]) => line.details[name] === value),
      ).length,
    machine(name, files = {}) {
      const root = join(scratch, name)
      for (const [path, content] of Object.entries({
        '/etc/os-release': 'PRETTY_NAME="Debian 12"\n',
        ...files,
      })) {
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), content)
      }
      return root
    },
    async stop() {
      await lab.stop()
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}

export const passwordInCron = {
  module: 'file',
  parameters: {
    searches: { s1: { paths: ['/etc/cron.d'], contents: ['(?i)password'], options: { matchall: true } } },
  },
}

/** Drafts a question and has it signed. */
export async function aSignedAction(
  lab: Lab,
  node: InvestigatorNode,
  signers: readonly LabPerson[],
  change: Partial<DraftRequest> = {},
): Promise<{ readonly id: string; readonly wire: Uint8Array; readonly body: Uint8Array }> {
  const draft = await node.service.draft({
    name: 'who has a password in cron',
    target: 'TRUE',
    operations: [passwordInCron],
    expireSeconds: 300,
    ...change,
  })
  const body = base64Decode(draft.body) as Uint8Array
  const wire = await lab.sign(
    'mig.action.v3',
    body,
    signers.map(({ signer }) => signer),
  )
  return { id: draft.id, wire, body }
}

export async function send(node: InvestigatorNode, wire: Uint8Array) {
  return node.service.send({ wire: base64Encode(wire) })
}

/** Signs the fleet's policy again, a version later and changed. */
export async function nextPolicy(
  lab: Lab,
  person: LabPerson,
  change: Partial<PolicyBody>,
): Promise<Uint8Array> {
  const envelope = decodeEnvelope(lab.policyWire)
  if (typeof envelope === 'string') throw new Error(envelope)
  const body = JSON.parse(Buffer.from(envelope.body).toString()) as PolicyBody
  return lab.sign('mig.policy.v1', canonicalBytes({ ...body, version: body.version + 1, ...change }), [
    person.signer,
  ])
}

export async function whenKnown(node: InvestigatorNode, agents: number): Promise<void> {
  await until(`${agents} agents are known`, async () => (await node.service.agents()).length >= agents)
}

/** The account once nobody expected is silent. */
export async function settled(node: InvestigatorNode, id: string, limitMs = 10_000): Promise<Accounting> {
  let accounting = await node.service.accounting(id)
  await until(
    'nobody is silent',
    async () => {
      accounting = await node.service.accounting(id)
      return accounting.silent.length === 0
    },
    limitMs,
  )
  return accounting
}

/** Waits until a claim holds. @returns how long that took */
export async function until(
  what: string,
  claim: () => boolean | Promise<boolean>,
  limitMs = 10_000,
): Promise<number> {
  const started = performance.now()
  while (!(await claim())) {
    if (performance.now() - started > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await systemClock.sleep(10)
  }
  return performance.now() - started
}
