import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { canonicalBytes } from '../../node/core/canonical-json.ts'
import { base64Decode, base64Encode } from '../../node/core/encoding.ts'
import { decodeEnvelope, documentId } from '../../node/core/envelope.ts'
import { formatInstant } from '../../node/core/instant.ts'
import type { PolicyBody } from '../../node/core/policy.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import { createLab, type Lab, type LabAgent, type LabPerson } from '../../node/roles/lab.ts'
import type { DraftRequest } from '../../node/roles/service.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Store } from '../../node/store/store.ts'
import { systemClock, systemRandom } from '../../node/system/system-clock.ts'
import { somePeople } from './people.ts'

const scratch = mkdtempSync(join(tmpdir(), 'mig-fleet-'))
let people: readonly LabPerson[]
const events: string[] = []

function machine(name: string, files: Record<string, string>): string {
  const root = join(scratch, name)
  for (const [path, text] of Object.entries({ '/etc/os-release': 'PRETTY_NAME="Debian 12"\n', ...files })) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

const alice = () => people[0] as LabPerson
const bob = () => people[1] as LabPerson

/** A store that outlives the node that used it. */
function keptOpen(store: Store): Store {
  return { ...store, close: async () => undefined }
}

async function aDraft(node: InvestigatorNode, change: Partial<DraftRequest> = {}) {
  return node.service.draft({
    name: 'who has a password in cron',
    target: "status='online'",
    operations: [
      {
        module: 'file',
        parameters: {
          searches: {
            s1: { paths: ['/etc/cron.d'], contents: ['(?i)password'], options: { matchall: true } },
          },
        },
      },
    ],
    expireSeconds: 300,
    ...change,
  })
}

async function ask(lab: Lab, node: InvestigatorNode, signers: readonly LabPerson[]) {
  const draft = await aDraft(node)
  const wire = await lab.sign(
    'mig.action.v3',
    base64Decode(draft.body) as Uint8Array,
    signers.map((person) => person.signer),
  )
  return node.service.send({ wire: base64Encode(wire) })
}

async function settled(node: InvestigatorNode, id: string, timeoutMs = 8000) {
  const deadline = performance.now() + timeoutMs
  let seen = 0
  for (;;) {
    const accounting = await node.service.accounting(id)
    if (accounting.expected > 0 && accounting.silent.length === 0) return accounting
    if (performance.now() > deadline)
      throw new Error(
        `silent: ${accounting.silent.map((line) => line.name)}\n${events.slice(-60).join('\n')}`,
      )
    seen = await node.service.changes(id, seen, 500)
  }
}

async function whenJoined(node: InvestigatorNode, agents: number): Promise<void> {
  const deadline = performance.now() + 10_000
  while ((await node.service.agents()).length < agents) {
    if (performance.now() > deadline)
      throw new Error(
        `only ${(await node.service.agents()).length} of ${agents}\n${events.slice(-80).join('\n')}`,
      )
    await systemClock.sleep(20)
  }
}

beforeAll(async () => {
  people = await somePeople('alice', 'bob')
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let lab: Lab

beforeEach(() => {
  events.length = 0
})
afterEach(() => lab?.stop())

async function aLab(options: Omit<Parameters<typeof createLab>[0], 'people'> = {}): Promise<Lab> {
  lab = await createLab(
    { people, ...options },
    {
      clock: systemClock,
      random: systemRandom,
      log: (node, event, details) => events.push(`${node} ${event} ${JSON.stringify(details ?? {})}`),
    },
  )
  return lab
}

async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${what}\n${events.slice(-60).join('\n')}`)
    await systemClock.sleep(20)
  }
}

const [withPassword, without] = [{ '/etc/cron.d/job': 'PASSWORD=hunter2\n' }, { '/etc/cron.d/job': 'true\n' }]

describe('a fleet in one process', () => {
  it('answers one signed question, every agent for itself', async () => {
    const lab = await aLab()
    const relay = await lab.startRelay('relay')
    const bootstrap = relay.addresses
    const agents: LabAgent[] = []
    for (let i = 0; i < 3; i++)
      agents.push(
        await lab.startAgent(`web${i}`, {
          bootstrap,
          root: machine(`web${i}`, i === 1 ? withPassword : without),
        }),
      )
    const investigator = await lab.startInvestigator('laptop', { bootstrap })
    await whenJoined(investigator, 3)
    const sent = await ask(lab, investigator, [alice()])
    expect(sent.expected.map((agent) => agent.name)).toEqual(['web0', 'web1', 'web2'])
    const accounting = await settled(investigator, sent.id)
    expect(accounting.answered.filter((line) => line.found).map((line) => line.name)).toEqual(['web1'])
    expect(accounting).toMatchObject({ expected: 3, failed: [], refused: [], silent: [], found: 1 })
    await until('every outbox is cleared by the receipt of the origin', async () =>
      (await Promise.all(agents.map((agent) => agent.waiting()))).every((count) => count === 0),
    )
  })

  it('refuses a half-signed action with the arithmetic, and runs it once the second person has signed the same bytes', async () => {
    const lab = await aLab({
      acl: (people) => ({
        file: {
          minimumweight: 2,
          investigators: Object.fromEntries(
            people.map(({ name, signer }) => [name, { fingerprint: signer.fingerprint, weight: 1 }]),
          ),
        },
      }),
    })
    const relay = await lab.startRelay('relay')
    await lab.startAgent('web', { bootstrap: relay.addresses, root: machine('half', withPassword) })
    const investigator = await lab.startInvestigator('laptop', { bootstrap: relay.addresses })
    await whenJoined(investigator, 1)
    const draft = await aDraft(investigator)
    const body = base64Decode(draft.body) as Uint8Array
    const half = await investigator.service.send({
      wire: base64Encode(await lab.sign('mig.action.v3', body, [alice().signer])),
    })
    const refused = await settled(investigator, half.id)
    expect(refused.refused.map((line) => line.note)).toEqual([
      'refused: not-permitted: weight 1 of 2 for module file',
    ])
    const whole = await investigator.service.send({
      wire: base64Encode(await lab.sign('mig.action.v3', body, [bob().signer])),
    })
    expect(whole.id).toBe(half.id)
    await until(
      'the whole action has run',
      async () => (await investigator.service.accounting(half.id)).answered.length === 1,
    )
    expect(await investigator.service.accounting(half.id)).toMatchObject({ refused: [], found: 1 })
  })

  it('goes on without its relay, and an agent that was off answers when it returns', async () => {
    const lab = await aLab()
    const relay = await lab.startRelay('relay')
    const bootstrap = relay.addresses
    await lab.startAgent('web0', { bootstrap, root: machine('a0', without) })
    await lab.startAgent('web1', { bootstrap, root: machine('a1', withPassword) })
    await lab.startAgent('silent', { bootstrap, root: machine('a2', without), listen: [] })
    const investigator = await lab.startInvestigator('laptop', { bootstrap })
    await whenJoined(investigator, 3)
    await until('everybody has a link besides the relay', () => investigator.mesh.members().length >= 3)
    await relay.stop()
    const sent = await ask(lab, investigator, [alice()])
    const accounting = await settled(investigator, sent.id)
    expect(accounting.answered.map((line) => line.name)).toEqual(['silent', 'web0', 'web1'])
  })

  it('carries an answer one hop when no collector is in reach of the agent', async () => {
    const lab = await aLab()
    const investigator = await lab.startInvestigator('laptop', { listen: [] })
    const middle = await lab.startAgent('middle', { root: machine('middle', without) })
    const far = await lab.startAgent('far', {
      bootstrap: middle.addresses,
      root: machine('far', withPassword),
    })
    await investigator.mesh.dial(middle.addresses, { signal: AbortSignal.timeout(5000) })
    await until('far has the policy', () => far.ledger.policy !== undefined)
    await until('middle is in the roster', async () => (await investigator.service.agents()).length >= 1)
    const sent = await ask(lab, investigator, [alice()])
    await until('both have answered', async () => {
      const { answered, unexpected } = await investigator.service.accounting(sent.id)
      return answered.length + unexpected.length === 2
    })
    const results = await investigator.service.results(sent.id)
    expect(results.map((result) => [result.agent, result.found]).sort()).toEqual([
      ['far', [1]],
      ['middle', [0]],
    ])
    await until('the receipt has come back the same way', async () => (await far.waiting()) === 0)
  })

  it('stops an action by a cancel of whoever drafted it', async () => {
    const lab = await aLab()
    const relay = await lab.startRelay('relay')
    const agent = await lab.startAgent('web', {
      bootstrap: relay.addresses,
      root: machine('cancelled', withPassword),
    })
    const investigator = await lab.startInvestigator('laptop', { bootstrap: relay.addresses })
    await whenJoined(investigator, 1)
    const draft = await aDraft(investigator, { drafter: alice().signer.fingerprint })
    const cancel = canonicalBytes({
      v: 1,
      fleet: lab.fleet,
      actionid: draft.id,
      issuedat: formatInstant(systemClock.now()),
    })
    await investigator.service.cancel(base64Encode(await lab.sign('mig.cancel.v1', cancel, [alice().signer])))
    await until('the cancel is there before the action', () => agent.ledger.cancels.has(draft.id))
    const wire = await lab.sign('mig.action.v3', base64Decode(draft.body) as Uint8Array, [alice().signer])
    await investigator.service.send({ wire: base64Encode(wire) })
    const accounting = await settled(investigator, draft.id)
    expect(accounting.refused.map((line) => line.note)).toEqual(['cancelled: cancelled by alice'])
  })

  it('fetches from the agent what the summary does not hold', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [
        `/etc/cron.d/job-with-a-rather-long-name-${i}`,
        'PASSWORD=hunter2\n',
      ]),
    )
    const lab = await aLab()
    const relay = await lab.startRelay('relay')
    await lab.startAgent('web', { bootstrap: relay.addresses, root: machine('big', files) })
    const investigator = await lab.startInvestigator('laptop', { bootstrap: relay.addresses })
    await whenJoined(investigator, 1)
    const sent = await ask(lab, investigator, [alice()])
    await settled(investigator, sent.id)
    const [summary] = await investigator.service.results(sent.id)
    expect(summary).toMatchObject({ found: [300], truncated: true })
    const whole = await investigator.service.detail(sent.id, 'web')
    const elements = whole.results?.[0]?.elements as { s1: unknown[] }
    expect(elements.s1).toHaveLength(300)
  })

  it('gives every answer to an investigator that quit in the middle and returned', async () => {
    const lab = await aLab()
    const relay = await lab.startRelay('relay')
    const store = createMemoryStore()
    const agent = await lab.startAgent('web', {
      bootstrap: relay.addresses,
      root: machine('quit', withPassword),
    })
    const first = await lab.startInvestigator('laptop', {
      bootstrap: relay.addresses,
      store: keptOpen(store),
    })
    await whenJoined(first, 1)
    const sent = await ask(lab, first, [alice()])
    await first.stop()
    await until(
      'the agent has an answer that nobody has confirmed',
      async () => (await agent.waiting()) === 1,
    )
    const second = await lab.startInvestigator('laptop', {
      bootstrap: relay.addresses,
      store,
      like: first.mesh.peerId,
    })
    await until(
      'the answer is there',
      async () => (await second.service.accounting(sent.id)).answered.length === 1,
    )
    await until('and confirmed', async () => (await agent.waiting()) === 0)
  })

  it('counts on nobody who has been revoked, and closes their links', async () => {
    const lab = await aLab()
    const relay = await lab.startRelay('relay')
    const kept = await lab.startAgent('kept', {
      bootstrap: relay.addresses,
      root: machine('kept', without),
    })
    const thief = await lab.startAgent('stolen', {
      bootstrap: relay.addresses,
      root: machine('stolen', without),
    })
    const investigator = await lab.startInvestigator('laptop', { bootstrap: relay.addresses })
    await whenJoined(investigator, 2)
    const first = decodeEnvelope(lab.policyWire)
    if (typeof first === 'string') throw new Error(first)
    const body = JSON.parse(Buffer.from(first.body).toString('utf8')) as PolicyBody
    const next = {
      ...body,
      version: 2,
      previous: documentId(first),
      revoked: { people: [], peers: [thief.mesh.peerId], invitations: [] },
    }
    const wire = await lab.sign('mig.policy.v1', canonicalBytes(next), [alice().signer])
    // The relay, and the agent that stays where it is linked already; whoever is put out is not counted.
    const { links, handed } = await investigator.service.publish('policy', base64Encode(wire))
    const holders = [relay, kept].filter(({ ledger }) => ledger.policy?.version === 2).length
    expect([handed >= 1, links >= handed, links <= 2, holders >= handed]).toEqual([true, true, true, true])
    await until('the relay has closed its link', () =>
      relay.mesh.members().every((member) => member.peer !== thief.mesh.peerId),
    )
    expect((await investigator.service.agents()).map((agent) => [agent.name, agent.status])).toEqual([
      ['kept', 'online'],
      ['stolen', 'revoked'],
    ])
    const sent = await ask(lab, investigator, [alice()])
    expect(sent.expected.map((agent) => agent.name)).toEqual(['kept'])
  })

  it('turns a stranger away', async () => {
    const lab = await aLab()
    const relay = await lab.startRelay('relay')
    const attempts: string[] = []
    const other = await createLab(
      { people: [bob()] },
      { clock: systemClock, random: systemRandom, log: (_node, event) => attempts.push(event) },
    )
    try {
      const stranger = await other.startAgent('stranger', {
        root: machine('stranger', withPassword),
        bootstrap: relay.addresses,
      })
      await until('it has tried and failed', () => attempts.includes('dial-failed'))
      expect(relay.mesh.members()).toEqual([])
      expect(stranger.mesh.members()).toEqual([])
    } finally {
      await other.stop()
    }
  })
})
