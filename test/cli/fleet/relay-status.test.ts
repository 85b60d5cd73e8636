import { expect, test } from 'vitest'
import type { NodeStatus } from '../../../cli/fleet/node-status.ts'
import { describeRelayStatus, relayStatus } from '../../../cli/fleet/relay-status.ts'
import type { NetworkView } from '../../../node/roles/network-view.ts'

const reached = '/ip4/203.0.113.7/tcp/7373'
const network: NetworkView = {
  addresses: [reached],
  listening: ['/ip4/0.0.0.0/tcp/7373'],
  needsRelays: false,
  reservations: [],
  checks: [{ by: 'hub', tried: [reached], reached: [reached] }],
  links: [],
}
const status: NodeStatus = {
  state: '/var/lib/mig',
  role: 'agent',
  name: 'web1',
  peer: '12D3KooWweb1',
  fleet: 'aaaa',
  tags: { site: 'paris' },
  serial: 1,
  notbefore: '2026-11-24T05:00:00Z',
  notafter: '2027-11-24T05:00:00Z',
  invitation: 'bbbb',
  isExpired: false,
  isRunning: true,
  addresses: [],
  bootstrap: [],
  network,
}
const relaying = {
  reservations: 1,
  reserved: [{ name: 'desk1', leftMs: 1_500_000 }],
  circuits: 1,
  open: [{ from: 'laptop', to: 'desk1', ageMs: 61_000, bytes: 2048 }],
  bytes: 40_000,
  refused: 3,
  accounts: [
    { name: 'laptop', circuits: 1, circuitsEver: 4, sentBytes: 30_000, receivedBytes: 10_000, refused: 3 },
  ],
}

test('who is reserved, what is open, and what was carried and refused for whom', () => {
  const lines = describeRelayStatus({ ...status, network: { ...network, isChosen: true, relaying } })
  expect(lines[0]).toContain('agent web1 12D3KooWweb1 relays, chosen by the policy; others can dial it at')
  expect(lines[1]).toBe('1 reserved, 1 circuits open, 40 kB carried, 3 requests refused')
  expect(lines.join('\n')).toContain('\nreserved\n  name   for\n  desk1  25m\n')
  expect(lines.join('\n')).toContain('  laptop  desk1  61s       2.0 kB\n')
  expect(lines.at(-1)).toBe('  laptop  30 kB  10 kB     1         4     3')
})

test('one that was chosen and cannot be dialled is told why it relays for nobody', () => {
  const shut = { ...network, isChosen: true, needsRelays: true, listening: [], checks: [] } as const
  expect(describeRelayStatus({ ...status, network: shut })).toEqual([
    'agent web1 12D3KooWweb1 is chosen to relay by the policy, but does not: no open port; nobody can dial it',
  ])
})

test('one that relays for nobody is told how it would', () => {
  expect(describeRelayStatus(status)[0]).toContain('relays for nobody: mig policy relay web1')
})

test('without a running node there is nothing to count', () => {
  const { network: _, ...stopped } = { ...status, isRunning: false }
  expect(describeRelayStatus(stopped)).toEqual(['agent web1 12D3KooWweb1 does not run: mig agent start'])
  expect(relayStatus(stopped)).toMatchObject({ isRunning: false, isChosen: false })
  expect(relayStatus(stopped)).not.toHaveProperty('relaying')
})
