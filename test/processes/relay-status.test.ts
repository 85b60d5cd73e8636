import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { aRealFleet, type RealFleet } from './real-fleet.ts'

let fleet: RealFleet

beforeAll(async () => {
  fleet = await aRealFleet()
}, 120_000)
afterAll(() => fleet.stop(), 30_000)

test('mig relay status tells who is reached through a running relay, and of an agent that it relays for nobody', async () => {
  const web = await fleet.enrolAgent('web1', {})
  await fleet.startAgent(web)
  // The agent has no open port; what the relay writes is at most ten seconds old.
  await vi.waitFor(
    async () => {
      const { relaying } = JSON.parse((await fleet.mig('relay', 'status', '--json')).stdout)
      expect(relaying).toMatchObject({ reservations: 1, reserved: [{ name: 'web1' }], refused: 0 })
    },
    { timeout: 40_000, interval: 1000 },
  )
  const told = await fleet.mig('relay', 'status')
  expect(told.code).toBe(0)
  expect(told.stdout).toMatch(/^relay hub 12D3KooW\w+ relays; /)
  expect(told.stdout).toMatch(/\nreserved\n {2}name {2}for\n {2}web1 {2}\d+m\n/)

  const agent = await fleet.mig('relay', 'status', '--state', web.state)
  expect(agent.stdout).toContain('agent web1')
  expect(agent.stdout).toContain('relays for nobody')
  expect((await fleet.mig('relay', 'status', '--role', 'investigator')).code).not.toBe(0)
}, 90_000)
