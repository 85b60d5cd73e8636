import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { peerIdOf } from '../../../node/core/peer-id.ts'
import { aDesk, type Desk } from './desk.ts'

const web = peerIdOf(new Uint8Array(32).fill(3))
const mail = peerIdOf(new Uint8Array(32).fill(4))
let desk: Desk

beforeAll(async () => {
  desk = aDesk()
  await desk.mig('init', '--fleet-name', 'Office', '--person', 'Ada Lovelace <ada@example.org>')
})
afterAll(() => desk.remove())

const draft = () => JSON.parse(readFileSync(desk.path('fleet', 'policy.json'), 'utf8'))
const edit = (relays: unknown) =>
  writeFileSync(desk.path('fleet', 'policy.json'), JSON.stringify({ ...draft(), relays }))

test('an operator chooses relays, sees them, signs them and drops them again', async () => {
  expect((await desk.mig('policy', 'relay')).said).toContain('chooses nobody to relay')
  const { said } = await desk.mig('policy', 'relay', web, '--for', 'site=Paris')
  expect(said).toContain(`node ${web} is to relay for members with site=Paris`)
  await desk.mig('policy', 'relay', mail)
  expect(draft().relays).toEqual([{ peer: web, tags: { site: 'Paris' } }, { peer: mail }])
  expect((await desk.mig('policy', 'relay', web, '--for', 'site=Paris')).said).toContain('already')
  await desk.mig('policy', 'sign')
  const shown = await desk.mig('policy', 'show')
  expect(shown.out).toContain(
    `who is to relay\n  ${web} for members with site=Paris\n  ${mail} for every member`,
  )
  expect(Object.keys(draft()).indexOf('relays')).toBeLessThan(Object.keys(draft()).indexOf('people'))
  expect((await desk.mig('policy', 'relay')).out).toBe(
    `${web}  for members with site=Paris\n${mail}  for every member`,
  )
  expect((await desk.mig('policy', 'relay', mail, '--drop', '--for', 'site=Paris')).said).toContain('already')
  await desk.mig('policy', 'relay', web, '--drop')
  await desk.mig('policy', 'relay', mail, '--drop')
  // As a policy was before there was such a field.
  expect(draft()).not.toHaveProperty('relays')
  await desk.mig('policy', 'sign')
})

test('a name that nobody bears and --for without a node are refused, and nothing is written', async () => {
  const before = draft()
  expect(await desk.fails('policy', 'relay', 'web1')).toBe('not-found')
  expect(await desk.fails('policy', 'relay', '--for', 'site=Paris')).toBe('usage')
  expect(await desk.fails('policy', 'relay', web, '--for', 'Paris')).toBe('usage')
  expect(await desk.fails('policy', 'relay', web, '--for', '')).toBe('usage')
  expect(await desk.fails('policy', 'relay', web, '--drop', '--for', ' , ')).toBe('usage')
  expect(draft()).toEqual(before)
})

test('a relay that is revoked is warned of', async () => {
  await desk.mig('policy', 'revoke', web)
  expect((await desk.mig('policy', 'relay', web)).said).toContain(`warning: relays: ${web} is revoked`)
})

const { peer, ...noPeer } = { peer: web, tags: { site: 'Paris' } }
test.each([
  ['no list', { peer: web }],
  ['a name for a peer id', [{ peer: 'web1' }]],
  ['no peer', [noPeer]],
  ['tags that are none', [{ peer, tags: {} }]],
  ['a tag that is no text', [{ peer, tags: { floor: 2 } }]],
  ['a tag name that is none', [{ peer, tags: { '1st': 'x' } }]],
  ['an unknown field', [{ peer, name: 'web1' }]],
  [
    'the same one twice',
    [
      { peer, tags: { a: '1', b: '2' } },
      { peer, tags: { b: '2', a: '1' } },
    ],
  ],
  ['more than 256', Array.from({ length: 257 }, (_, n) => ({ peer, tags: { n: String(n) } }))],
])('%s is refused before it is signed', async (_, relays) => {
  edit(relays)
  expect(await desk.fails('policy', 'check')).toBe('bad-policy')
  expect(await desk.fails('policy', 'sign')).toBe('bad-policy')
})

test('256 are not too many', async () => {
  edit(Array.from({ length: 256 }, (_, n) => ({ peer, tags: { n: String(n) } })))
  expect((await desk.mig('policy', 'check')).said).toContain('is sound')
})
