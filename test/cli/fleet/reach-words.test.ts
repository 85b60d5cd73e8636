import { expect, test } from 'vitest'
import { countLinks, describeReach, formatBytes, reachedHow } from '../../../cli/fleet/reach-words.ts'
import type { NetworkView } from '../../../node/roles/network-view.ts'

const link = {
  name: 'hub',
  role: 'relay',
  how: 'direct',
  direction: 'outbound',
  since: '2026-11-24T08:00:00Z',
} as const

const hidden: NetworkView = {
  addresses: [],
  listening: [],
  needsRelays: true,
  reservations: [],
  checks: [],
  links: [link],
}

const said = (network: NetworkView) =>
  describeReach('agent', network).map(({ verdict, words, advice }) => ({ verdict, words, advice }))

test('a host without port and relay is told that nobody can dial it, what still works and what to do', () => {
  const [links, reach] = said(hidden)
  expect(links).toMatchObject({ verdict: 'good', words: '1 member is connected: 1 direct' })
  expect(reach).toMatchObject({ verdict: 'warning' })
  expect(reach?.words).toContain('no open port; nobody can dial it')
  expect(reach?.words).toContain('still works')
  expect(reach?.advice).toContain('relay = true')
})

test('a relay that refuses is named with its reason', () => {
  const refused = {
    relay: 'hub',
    state: 'refused',
    reason: 'the relay has given away all its reservations',
  } as const
  expect(said({ ...hidden, reservations: [refused] }).map(({ words }) => words)).toContain(
    'hub refused to relay: the relay has given away all its reservations',
  )
})

test('a host behind relays is well, through one of them too', () => {
  const held = (relay: string) => ({ relay, state: 'held' }) as const
  expect(said({ ...hidden, reservations: [held('hub')] })[1]).toEqual({
    verdict: 'good',
    words: 'no open port; reached through hub, one relay only',
    advice: undefined,
  })
  expect(reachedHow({ ...hidden, reservations: [held('hub'), held('attic')] })).toBe(
    'no open port; reached through hub, attic',
  )
})

test('a port that relays could not dial is named, and what to do about it', () => {
  const closed: NetworkView = {
    ...hidden,
    listening: ['/ip4/0.0.0.0/tcp/7373'],
    checks: [{ by: 'hub', tried: ['/ip4/203.0.113.7/tcp/7373'], reached: [] }],
    reservations: [{ relay: 'hub', state: 'held' }],
  }
  const [, reach] = said(closed)
  expect(reach?.verdict).toBe('warning')
  expect(reach?.words).toBe(
    'others cannot dial /ip4/203.0.113.7/tcp/7373 (tried by hub); reached through hub, one relay only',
  )
  expect(reach?.advice).toContain('--announce')
  const relaying = {
    reservations: 0,
    reserved: [],
    circuits: 0,
    open: [],
    bytes: 0,
    refused: 0,
    accounts: [],
  }
  expect(said({ ...closed, relaying }).at(-1)).toMatchObject({ verdict: 'warning' })
  expect(said({ ...closed, relaying }).at(-1)?.words).toContain('nobody can dial it')
})

test('a host that the policy has chosen to relay and nobody can dial is told so', () => {
  expect(said({ ...hidden, isChosen: true }).at(-1)).toMatchObject({
    verdict: 'warning',
    words: 'the policy has chosen it to relay, but nobody can dial it',
  })
})

test('a port that was dialled is good', () => {
  const open: NetworkView = {
    ...hidden,
    listening: ['/ip4/0.0.0.0/tcp/7373'],
    needsRelays: false,
    checks: [{ by: 'hub', tried: ['/ip4/203.0.113.7/tcp/7373'], reached: ['/ip4/203.0.113.7/tcp/7373'] }],
  }
  expect(said(open)[1]).toMatchObject({
    verdict: 'good',
    words: 'others can dial it at /ip4/203.0.113.7/tcp/7373 (tried by hub)',
  })
})

test('without any link the host is wrong', () => {
  expect(said({ ...hidden, links: [] })[0]).toMatchObject({
    verdict: 'wrong',
    words: 'no member is connected',
  })
})

test('links are counted by how they run', () => {
  const relayed = { ...link, how: 'relayed', relay: 'hub' } as const
  expect(countLinks([link, { ...link, how: 'LAN' }, relayed, { ...relayed, relay: 'attic' }])).toBe(
    '1 direct, 1 LAN, 2 relayed (through hub, attic)',
  )
})

test('bytes are told in the unit that fits', () => {
  expect([0, 999, 1000, 34_567, 5_600_000, 2_000_000_000].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '35 kB',
    '5.6 MB',
    '2.0 GB',
  ])
})
