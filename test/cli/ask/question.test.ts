import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type ActionFile, formatActionFile, parseActionFile } from '../../../cli/ask/action-file.ts'
import { explainFile } from '../../../cli/ask/explain-file.ts'
import { followAction } from '../../../cli/ask/follow.ts'
import { confirmLaunch, sendFile, signFile } from '../../../cli/ask/launch.ts'
import { makeDraft } from '../../../cli/ask/make-draft.ts'
import { policyOf } from '../../../cli/ask/policy.ts'
import { replySeedFor } from '../../../cli/ask/reply-key.ts'
import { checkSigners } from '../../../cli/ask/weighing.ts'
import type { CommandContext } from '../../../cli/context.ts'
import { explanationLines } from '../../../cli/views/explanation.ts'
import { codeOf } from '../../../node/core/error.ts'
import type { InvestigatorNode } from '../../../node/roles/investigator.ts'
import { createLab, type Lab, type LabAgent, type LabPerson } from '../../../node/roles/lab.ts'
import { systemClock, systemRandom } from '../../../node/system/system-clock.ts'
import { somePeople } from '../../roles/people.ts'

const scratch = mkdtempSync(join(tmpdir(), 'mig-ask-'))
let people: readonly LabPerson[]
let lab: Lab
let node: InvestigatorNode
let elsewhere: InvestigatorNode
const agents: LabAgent[] = []

/** What a command is given, with what it says kept. */
function aContext(signal = new AbortController().signal) {
  const out: string[] = []
  const said: string[] = []
  const context: CommandContext = {
    settings: {} as CommandContext['settings'],
    terminal: {
      isInteractive: false,
      canRewrite: false,
      useColor: false,
      out: (line) => out.push(line),
      raw: (text) => out.push(text),
      say: (line) => said.push(line),
      progress: () => undefined,
    },
    clock: systemClock,
    random: systemRandom,
    signal,
    command: [],
  }
  return { context, out, said }
}

const person = (name: string) => people.find((each) => each.name === name) as LabPerson
const boto = { searches: { s1: { paths: ['/'], names: ['^\\.boto$'], options: { matchall: true } } } }
const ports = { module: 'netstat', parameters: { listeningport: ['22'] } }
const file = { module: 'file', parameters: boto }

async function aDraft(
  operations: readonly { module: string; parameters: object }[],
  target = "status='online'",
) {
  const { context } = aContext()
  return makeDraft(
    node.service,
    { name: 'q', target, operations: operations as never },
    { show: 'found', readers: [] },
    { drafter: person('alice').signer.fingerprint, terminal: context.terminal },
  )
}

const following = (action: ActionFile, extra = {}) => ({
  show: 'found' as const,
  expireAfter: action.action.expireafter,
  isShared: true,
  ...extra,
})

async function launch(action: ActionFile, context: CommandContext): Promise<boolean> {
  const policy = await policyOf(node.service, context.clock.now())
  return confirmLaunch(
    action,
    { service: node.service, policy, signer: undefined, options: { yes: true } },
    context,
  )
}

beforeAll(async () => {
  people = await somePeople('alice', 'bob')
  lab = await createLab(
    {
      people,
      acl: (all) => {
        const investigators = Object.fromEntries(
          all.map(({ name, weight, signer }) => [name, { fingerprint: signer.fingerprint, weight }]),
        )
        return { default: { minimumweight: 1, investigators }, netstat: { minimumweight: 2, investigators } }
      },
    },
    { clock: systemClock, random: systemRandom },
  )
  const relay = await lab.startRelay('relay')
  const bootstrap = relay.addresses
  for (const name of ['web1', 'web2']) {
    const root = join(scratch, name)
    mkdirSync(join(root, 'proc/net'), { recursive: true })
    if (name === 'web2') writeFileSync(join(root, '.boto'), 'x')
    agents.push(await lab.startAgent(name, { root, bootstrap }))
  }
  node = await lab.startInvestigator('laptop', { bootstrap })
  elsewhere = await lab.startInvestigator('desk', { bootstrap })
  for (const each of [node, elsewhere])
    await vi.waitFor(async () => expect(await each.service.agents()).toHaveLength(2), { timeout: 15_000 })
}, 60_000)

afterAll(async () => {
  await lab?.stop()
  rmSync(scratch, { recursive: true, force: true })
})

describe('a question to a fleet', () => {
  it('prints a line a finding, the account last, and exits 0', async () => {
    const { context, out, said } = aContext()
    const action = await signFile(await aDraft([file]), person('alice').signer)
    expect(await launch(action, context)).toBe(true)
    const id = await sendFile(action, node.service, context)
    expect(await followAction(id, node.service, following(action), context)).toBe(0)
    expect(out).toEqual([expect.stringMatching(/^web2 \/\.boto \[/)])
    expect(said.at(-1)).toBe('2 expected, 2 answered (1 found)')
  })

  it('says what a person can change when something in it has no canonical form, also to those who draft by the service', async () => {
    const draft = { name: 'q', target: "status='online'", operations: [file], expireSeconds: 300 }
    for (const change of [{ name: 'bell \u0007' }, { target: "name='\u202e'" }, { case: 'a\ud800' }]) {
      const refused = node.service.draft({ ...draft, ...change })
      await expect(refused).rejects.toMatchObject({
        name: 'MigError',
        code: 'bad-action',
        message: expect.stringMatching(/cannot be signed/),
      })
    }
    await expect(
      aDraft([{ module: 'file', parameters: { searches: { 'a\u0007': { paths: ['/'], names: ['x'] } } } }]),
    ).rejects.toMatchObject({ code: 'bad-action' })
  })

  it('tells who must still sign, lets agents refuse with the arithmetic, and runs once the other has signed', async () => {
    const draft = await aDraft([ports])
    const half = await signFile(draft, person('alice').signer)
    const first = aContext()
    await launch(half, first.context)
    expect(first.said.join('\n')).toContain('weight 1 of 2 for module netstat')
    expect(first.said.join('\n')).toContain('from bob (1)')
    const id = await sendFile(half, node.service, first.context)
    expect(await followAction(id, node.service, following(half), first.context)).toBe(3)
    expect(first.said.join('\n')).toMatch(/web1, web2: refused: .*weight 1 of 2/)

    // The second person has the file, not the node.
    const loaded = parseActionFile(formatActionFile(half), 'f')
    if (loaded.kind !== 'action') throw new Error('no action')
    const whole = await signFile(loaded.file, person('bob').signer)
    expect(whole.id).toBe(id)
    const second = aContext()
    await sendFile(whole, node.service, second.context)
    await expect
      .poll(async () => (await node.service.accounting(id)).answered.length, { timeout: 15_000 })
      .toBe(2)
    expect(await followAction(id, node.service, following(whole), second.context)).toBe(0)
  })

  it('is not sent when nobody matches', async () => {
    const { context, said } = aContext()
    const action = await signFile(await aDraft([file], "name='nobody'"), person('alice').signer)
    expect(await launch(action, context)).toBe(false)
    expect(said.join('\n')).toContain("name='nobody'")
  })

  it('ends at --wait with somebody silent, says how to go on and exits 4', async () => {
    await agents[0]?.stop()
    const { context, said } = aContext()
    const action = await signFile(await aDraft([file], "name like 'web%'"), person('alice').signer)
    const id = await sendFile(action, node.service, context)
    expect(await followAction(id, node.service, following(action, { waitMs: 3000 }), context)).toBe(4)
    expect(said.join('\n')).toContain('1 silent: web1')
    expect(said.at(-1)).toContain(`mig follow ${id.slice(0, 12)}`)
    const stop = new AbortController()
    const later = aContext(stop.signal)
    const code = followAction(id, node.service, following(action), later.context)
    stop.abort()
    expect(await code).toBe(4)
  })

  it('can be read at another node of a reader, who opens the reply key of the file', async () => {
    const { context } = aContext()
    const action = await signFile(await aDraft([file], "name='web2'"), person('alice').signer)
    const signer = async () => person('bob').signer
    const seed = await replySeedFor(action, { service: elsewhere.service, signer }, context)
    expect(seed).toBeDefined()
    await sendFile(action, elsewhere.service, context, seed)
    const { out, context: other } = aContext()
    expect(await followAction(action.id, elsewhere.service, following(action), other)).toBe(0)
    expect(out).toEqual([expect.stringMatching(/^web2 \/\.boto/)])
    expect(await replySeedFor(action, { service: node.service, signer }, context)).toBeUndefined()
  })

  it('is explained in plain words, edited files included', async () => {
    const { context } = aContext()
    const policy = await policyOf(node.service, context.clock.now())
    const roster = await node.service.agents()
    const action = await signFile(await aDraft([ports]), person('alice').signer)
    const words = explanationLines(
      await explainFile({ kind: 'action', file: action }, { policy, agents: roster }, context.clock.now()),
    ).join('\n')
    expect(words).toContain('expected now: 2: web1, web2')
    expect(words).toContain('signed by: alice')
    expect(words).toContain('still needed: 1 more, from bob (1)')
    expect(words).toContain('answers can be read by: alice, bob')
    const edited = parseActionFile(formatActionFile(action).replace('"22"', '"23"'), 'f')
    if (edited.kind !== 'action') throw new Error('no action')
    const { persons, faults } = await checkSigners(edited.file, policy, context.clock.now())
    expect([persons.size, faults.length]).toEqual([0, 1])
  })

  it('says at drafting what is wrong', async () => {
    const code = async (work: Promise<unknown>) => work.then(() => undefined, codeOf)
    expect(await code(aDraft([file], 'nme=1'))).toBe('bad-target')
    expect(await code(aDraft([{ module: 'file', parameters: {} }]))).toBeUndefined()
    expect(await code(aDraft([{ module: 'nofile', parameters: {} }]))).toBe('unknown-module')
    const control = { searches: { s: { paths: ['/'], names: ['a\u0001'] } } }
    expect(await code(aDraft([{ module: 'file', parameters: control }]))).toBe('bad-action')
  })
})
