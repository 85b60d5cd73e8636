import { expect, test } from 'vitest'
import { type HeartbeatBody, isLaterHeartbeat, parseHeartbeatBody } from '../../node/core/heartbeat.ts'
import { peerIdOf } from '../../node/core/peer-id.ts'

const environment = {
  init: 'systemd',
  ident: 'Debian 12',
  os: 'linux',
  arch: 'amd64',
  addresses: ['192.0.2.7'],
  modules: ['file'],
}
const aHeartbeat: HeartbeatBody = {
  v: 1,
  fleet: `${'f'.repeat(51)}a`,
  peerid: peerIdOf(new Uint8Array(32).fill(2)),
  serial: 1,
  boot: 0,
  seq: 0,
  at: '2026-11-24T05:00:00Z',
  mode: 'daemon',
  version: '0.1.0',
  pid: 1,
  starttime: '2026-11-24T05:00:00Z',
  environment,
  policyversion: 0,
  addresses: [],
  outbox: 0,
}

test('reads a heartbeat, all of it and nothing more', () => {
  expect(parseHeartbeatBody(aHeartbeat)).toMatchObject({ at: Date.UTC(2026, 10, 24, 5), environment })
  for (const field of Object.keys(aHeartbeat)) {
    expect(parseHeartbeatBody({ ...aHeartbeat, [field]: undefined }), field).toMatch(new RegExp(`^${field}`))
  }
  expect(parseHeartbeatBody({ ...aHeartbeat, tomorrow: 1 })).toMatch(/tomorrow/)
  expect(parseHeartbeatBody({ ...aHeartbeat, environment: { ...environment, tomorrow: 1 } })).toMatch(
    /tomorrow/,
  )
})

test.each<[string, object, RegExp | undefined]>([
  ['another mode', { mode: 'daemon ' }, /^mode/],
  ['the mode of an agent that looks in', { mode: 'checkin' }, undefined],
  [
    '64 addresses of the machine',
    { environment: { ...environment, addresses: Array(64).fill('x') } },
    undefined,
  ],
  [
    '65 addresses of the machine',
    { environment: { ...environment, addresses: Array(65).fill('x') } },
    /^environment\.addresses/,
  ],
  ['65 modules', { environment: { ...environment, modules: Array(65).fill('x') } }, /^environment\.modules/],
  ['16 addresses to dial', { addresses: Array(16).fill('x'.repeat(512)) }, undefined],
  ['17 addresses to dial', { addresses: Array(17).fill('x') }, /^addresses/],
  ['an address that is too long', { addresses: ['x'.repeat(513)] }, /^addresses\[0\]/],
  ['a version that is too long', { version: 'x'.repeat(257) }, /^version/],
  ['a start counter below 0', { boot: -1 }, /^boot/],
  ['an outbox below 0', { outbox: -1 }, /^outbox/],
])('judges a heartbeat with %s', (_, changes, problem) => {
  const parsed = parseHeartbeatBody({ ...aHeartbeat, ...changes })
  if (problem === undefined) expect(typeof parsed).toBe('object')
  else expect(parsed).toMatch(problem)
})

test('orders heartbeats by start, then by number, and never by the clock', () => {
  const at = (boot: number, seq: number) => ({ boot, seq })
  expect(isLaterHeartbeat(at(1, 2), at(1, 1))).toBe(true)
  expect(isLaterHeartbeat(at(2, 0), at(1, 9))).toBe(true)
  expect(isLaterHeartbeat(at(1, 1), at(1, 1))).toBe(false)
  expect(isLaterHeartbeat(at(1, 1), at(1, 2))).toBe(false)
  expect(isLaterHeartbeat(at(1, 9), at(2, 0))).toBe(false)
})
