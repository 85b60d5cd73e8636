import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { base64Decode, base64Encode } from '../../node/core/encoding.ts'
import { type BundlePage, decodePages, encodePages } from '../../node/roles/bundle-pages.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import { createLab, type Lab, type LabAgent, type LabPerson } from '../../node/roles/lab.ts'
import { openPageShelf } from '../../node/roles/page-shelf.ts'
import type { ResultView } from '../../node/roles/service.ts'
import * as keys from '../../node/store/keyspace.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Store } from '../../node/store/store.ts'
import { systemClock, systemRandom } from '../../node/system/system-clock.ts'
import { until } from '../mesh/mesh-kit.ts'
import { somePeople } from './people.ts'
import { filesNamed } from './questions.ts'

const root = mkdtempSync(join(tmpdir(), 'mig-carriers-'))
let people: readonly LabPerson[]
let lab: Lab
let events: { readonly node: string; readonly event: string; readonly details: Record<string, unknown> }[]

beforeAll(async () => {
  mkdirSync(join(root, 'etc'))
  writeFileSync(join(root, 'etc/os-release'), 'PRETTY_NAME="Debian 12"\n')
  // Several pages of 64 KiB.
  for (let i = 0; i < 900; i++)
    writeFileSync(join(root, 'etc', `a-rather-long-name-${'x'.repeat(60)}-${i}.conf`), 'x')
  people = await somePeople('alice')
})
afterAll(() => rmSync(root, { recursive: true, force: true }))
beforeEach(async () => {
  events = []
  lab = await createLab(
    { people },
    {
      clock: systemClock,
      random: systemRandom,
      log: (node, event, details = {}) => events.push({ node, event, details }),
    },
  )
})
afterEach(() => lab.stop())

const keptOpen = (store: Store): Store => ({ ...store, close: async () => undefined })

/** An agent answers investigator a's question with more than its summary holds. */
async function answered() {
  const stores = { a: createMemoryStore(), b: createMemoryStore(), gate: keptOpen(createMemoryStore()) }
  const a = await lab.startInvestigator('a', { store: keptOpen(stores.a) })
  const agent = await lab.startAgent('web', { root, bootstrap: a.addresses, gateStore: stores.gate })
  await until('it has joined', () => agent.mesh.members().length === 1)
  let isKnown = false
  await until('it is in the roster', () => {
    void a.service.agents().then((rows) => {
      isKnown = rows.length === 1
    })
    return isKnown
  })
  return { a, agent, stores, ...(await asked(a, '\\.conf$')) }
}

async function asked(node: InvestigatorNode, pattern: string) {
  const draft = await node.service.draft(filesNamed(pattern))
  const wire = await lab.sign(
    'mig.action.v3',
    base64Decode(draft.body) as Uint8Array,
    people.map(({ signer }) => signer),
  )
  const { id } = await node.service.send({ wire: base64Encode(wire) })
  await hasAnswer(node, id)
  return { wire, id }
}

async function hasAnswer(node: InvestigatorNode, id: string): Promise<void> {
  let isThere = false
  await until('an answer', () => {
    void node.service
      .results(id)
      .then((results) => {
        isThere = results.length === 1
      })
      .catch(() => undefined)
    return isThere
  })
}

/** Another investigator's node, which was given the action with its reply key. */
async function another(
  name: string,
  store: Store,
  before: Awaited<ReturnType<typeof answered>>,
  ...via: string[]
) {
  const node = await lab.startInvestigator(name, { store: keptOpen(store), bootstrap: via })
  const replySeed = base64Encode((await before.stores.a.get(keys.replyKey(before.id))) as Uint8Array)
  await node.service.send({ wire: base64Encode(before.wire), replySeed })
  await hasAnswer(node, before.id)
  return node
}

async function gone(...nodes: readonly { stop(): Promise<void> }[]): Promise<void> {
  for (const node of nodes) await node.stop()
}

const sizeOf = (view: ResultView) => JSON.stringify(view.results).length
const fetched = (name: string) =>
  events.filter(({ node, event }) => node === name && event === 'pages-fetched').map(({ details }) => details)

test('an investigator gets the pages of an agent that is gone from another who has fetched them', async () => {
  const before = await answered()
  const { a, agent, id } = before
  const whole = await a.service.detail(id, 'web')
  expect(sizeOf(whole)).toBeGreaterThan(150_000)
  const b = await another('b', before.stores.b, before, ...a.addresses)
  await gone(agent)
  await until('the agent is gone', () => b.mesh.members().every(({ role }) => role !== 'agent'))
  expect(await b.service.detail(id, 'web')).toEqual(whole)
  expect(fetched('b')).toMatchObject([{ from: a.mesh.peerId, pages: whole.detailPages }])

  // What was fetched is kept: nobody is asked again, and a third gets it from the second.
  await gone(a)
  expect(await b.service.detail(id, 'web')).toEqual(whole)
  const c = await another('c', createMemoryStore(), before, ...b.addresses)
  expect(await c.service.detail(id, 'web')).toEqual(whole)
  expect(fetched('c')).toMatchObject([{ from: b.mesh.peerId }])
}, 60_000)

test('a transfer that broke off goes on where it stopped, with whoever has the rest', async () => {
  const before = await answered()
  const { a, agent, id, stores } = before
  const whole = await a.service.detail(id, 'web')
  const from = await openPageShelf(stores.a, systemClock)
  const [{ announced } = { announced: { pages: 0, sha256: '' } }] = from.results()
  const half = await openPageShelf(stores.b, systemClock)
  for (const n of [0, 2]) {
    const page = (await from.get(id, agent.mesh.peerId, n)) as Uint8Array
    await half.put(id, agent.mesh.peerId, announced, n, page)
  }
  const b = await another('b', stores.b, before, ...a.addresses)
  await gone(agent)
  await until('the agent is gone', () => b.mesh.members().every(({ role }) => role !== 'agent'))
  expect(await b.service.detail(id, 'web')).toEqual(whole)
  expect(fetched('b')).toMatchObject([{ pages: announced.pages - 2 }])
}, 60_000)

/** As one that lies has them: every page another, and noted as checked. */
async function falsify(store: Store, id: string, agent: LabAgent): Promise<void> {
  const shelf = await openPageShelf(store, systemClock)
  const [{ announced } = { announced: { pages: 0, sha256: '' } }] = shelf.results()
  for (let n = 0; n < announced.pages; n++)
    await store.write(
      [{ put: keys.fetchedPage(id, agent.mesh.peerId, n), value: new Uint8Array(1000).fill(n) }],
      { sync: false },
    )
}

test('pages that are not those announced are refused, not kept, and fetched from somebody honest', async () => {
  const before = await answered()
  const { a, agent, id, stores } = before
  const whole = await a.service.detail(id, 'web')
  const b = await another('b', stores.b, before, ...a.addresses)
  await falsify(stores.a, id, agent)
  await gone(agent)
  await until('the agent is gone', () => b.mesh.members().every(({ role }) => role !== 'agent'))
  await expect(b.service.detail(id, 'web')).rejects.toMatchObject({ code: 'bad-input' })
  expect(await (await openPageShelf(stores.b, systemClock)).all(id, agent.mesh.peerId)).toBeUndefined()
  // The agent is back.
  await lab.startAgent('web', {
    root,
    bootstrap: b.addresses,
    like: agent.mesh.peerId,
    gateStore: stores.gate,
  })
  await until('it is linked again', () => b.mesh.members().some(({ role }) => role === 'agent'))
  expect(await b.service.detail(id, 'web')).toEqual(whole)
}, 60_000)

test('pages for an answer that announces none are refused', async () => {
  const { a, agent } = await answered()
  const { id } = await asked(a, '^os-release$')
  expect((await a.service.results(id))[0]).toMatchObject({ truncated: false })
  const page = { actionId: id, peer: agent.mesh.peerId, page: 0, sealed: new Uint8Array(5000) }
  const announced = { pages: 1, sha256: 'a'.repeat(52) }
  const { tally } = await a.service.importItems(base64Encode(encodePages([{ ...page, announced }])))
  expect(tally.page).toEqual({ taken: 0, held: 0, refused: { 'not-permitted': 1 } })
}, 60_000)

test('what was not checked is given to nobody, a page at a time neither', async () => {
  const before = await answered()
  const { a, agent, id, stores } = before
  await a.service.detail(id, 'web')
  const from = await openPageShelf(stores.a, systemClock)
  const [{ announced } = { announced: { pages: 0, sha256: '' } }] = from.results()
  const half = await openPageShelf(stores.b, systemClock)
  const sealed = (await from.get(id, agent.mesh.peerId, 0)) as Uint8Array
  await half.put(id, agent.mesh.peerId, announced, 0, sealed)
  const b = await another('b', stores.b, before, ...a.addresses)
  const ask = async (of: InvestigatorNode, by: InvestigatorNode) => {
    const signal = AbortSignal.timeout(5000)
    const stream = await by.mesh.open(of.mesh.peerId, 'detail', { signal })
    const asked = { v: 1, actionid: id, page: 0, peerid: agent.mesh.peerId }
    await stream.write(Buffer.from(JSON.stringify(asked)), { signal })
    return stream.read({ signal, maxBytes: 100_000 })
  }
  expect((await ask(a, b))?.length).toBe(sealed.length)
  expect((await ask(b, a))?.length).toBe(0)
}, 60_000)

test('when nobody has the pages it says so, and an agent gets none from an investigator', async () => {
  const before = await answered()
  const { a, agent, id } = before
  const b = await another('b', before.stores.b, before, ...a.addresses)
  // Nobody has fetched them.
  await gone(agent)
  await until('the agent is gone', () => b.mesh.members().every(({ role }) => role !== 'agent'))
  await expect(b.service.detail(id, 'web')).rejects.toMatchObject({ code: 'not-reachable' })
  const other = await lab.startAgent('mail', { root, bootstrap: b.addresses })
  await until('it is linked', () => other.mesh.members().length > 0)
  const stream = await other.mesh.open(b.mesh.peerId, 'detail', { signal: AbortSignal.timeout(5000) })
  const signal = AbortSignal.timeout(5000)
  const ask = async () => {
    await stream.write(
      Buffer.from(JSON.stringify({ v: 1, actionid: id, page: 0, peerid: agent.mesh.peerId })),
      {
        signal,
      },
    )
    return stream.read({ signal, maxBytes: 100_000 })
  }
  await expect(ask()).rejects.toThrow()
}, 60_000)

/** What investigator a puts on a stick for others. */
async function stick(a: InvestigatorNode): Promise<readonly string[]> {
  const { id } = await a.service.beginExport({ to: 'investigators', actions: [], pages: true })
  const frames: string[] = []
  for (let frame = await a.service.nextExport(id); frame !== null; frame = await a.service.nextExport(id))
    frames.push(frame)
  return frames
}

test('pages come on a stick, are checked when they are shown, and junk for them is refused or let go', async () => {
  const before = await answered()
  const { a, agent, id, stores } = before
  // Nothing was fetched: there is nothing to give.
  const empty = await a.service.beginExport({ to: 'investigators', actions: [], pages: true })
  expect(empty.counts.page).toBeUndefined()
  const whole = await a.service.detail(id, 'web')
  const frames = await stick(a)
  const pages = frames.flatMap((frame) => decodePages(base64Decode(frame) as Uint8Array) ?? [])
  expect(pages).toHaveLength(whole.detailPages as number)
  await gone(agent, a)

  // Its own network, where nobody has anything.
  const b = await lab.startInvestigator('b', { store: keptOpen(stores.b) })
  const pageFrame = (change: Partial<BundlePage>) =>
    base64Encode(encodePages(pages.map((page) => ({ ...page, ...change }))))
  const early = await b.service.importItems(pageFrame({}))
  expect(early.tally.page?.refused).toEqual({ 'unknown-action': pages.length })
  for (const frame of frames) await b.service.importItems(frame)
  // Without the reply key it cannot tell which are right, and shows none.
  await expect(b.service.detail(id, 'web')).rejects.toMatchObject({ code: 'not-found' })
  const replySeed = base64Encode((await stores.a.get(keys.replyKey(id))) as Uint8Array)
  await b.service.send({ wire: base64Encode(before.wire), replySeed })
  expect(await b.service.detail(id, 'web')).toEqual(whole)
  const again = await b.service.importItems(pageFrame({ sealed: Uint8Array.of(1) }))
  expect(again.tally.page).toEqual({ taken: 0, held: pages.length, refused: {} })
  expect(await b.service.detail(id, 'web')).toEqual(whole)

  // Another, which got junk first.
  const c = await lab.startInvestigator('c')
  for (const frame of frames)
    if (decodePages(base64Decode(frame) as Uint8Array) === undefined) await c.service.importItems(frame)
  await c.service.send({ wire: base64Encode(before.wire), replySeed })
  const otherDigest = await c.service.importItems(
    pageFrame({ announced: { pages: 99, sha256: 'a'.repeat(52) } }),
  )
  expect(otherDigest.tally.page?.refused).toEqual({ 'not-permitted': pages.length })
  await c.service.importItems(pageFrame({ sealed: new Uint8Array(5000) }))
  await expect(c.service.detail(id, 'web')).rejects.toMatchObject({ code: 'bad-input' })
  await c.service.importItems(pageFrame({}))
  await expect(c.service.detail(id, 'web')).resolves.toEqual(whole)
}, 60_000)
