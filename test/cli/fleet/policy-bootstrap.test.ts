import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { peerIdOf } from '../../../node/core/peer-id.ts'
import { aDesk, type Desk } from './desk.ts'

const peer = peerIdOf(new Uint8Array(32).fill(3))
const address = `/dns4/relay.example.org/tcp/443/tls/ws/p2p/${peer}`
let desk: Desk

beforeAll(async () => {
  desk = aDesk()
  await desk.mig('init', '--fleet-name', 'Office', '--person', 'Ada Lovelace <ada@example.org>')
})
afterAll(() => desk.remove())

function edit(bootstrap: readonly string[]): void {
  const file = desk.path('fleet', 'policy.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), bootstrap }))
}

test('a policy that names members to dial first is signed and shown', async () => {
  edit([address])
  await desk.mig('policy', 'sign')
  const { out } = await desk.mig('policy', 'show')
  expect(out).toContain(`every node dials first\n  ${address}`)
  expect(JSON.parse((await desk.mig('policy', 'show', '--json')).out).bootstrap).toEqual([address])
  // Where people edit it, it stands above the long list of people and keys.
  const keys = Object.keys(JSON.parse(readFileSync(desk.path('fleet', 'policy.json'), 'utf8')))
  expect(keys.indexOf('bootstrap')).toBeLessThan(keys.indexOf('people'))
})

test.each([
  ['an address without a peer', ['/ip4/192.0.2.1/tcp/7373']],
  ['more than 32', new Array(33).fill(address)],
])('%s is refused before it is signed', async (_, bootstrap) => {
  edit(bootstrap)
  expect(await desk.fails('policy', 'check')).toBe('bad-policy')
  expect(await desk.fails('policy', 'sign')).toBe('bad-policy')
})
