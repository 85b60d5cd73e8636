import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeClock } from '../../../cli/fleet/clock-words.ts'
import { keepNetworkFile, readNetworkFile } from '../../../cli/fleet/network-file.ts'
import { clockLines } from '../../../cli/views/account.ts'
import type { PeerId } from '../../../node/core/peer-id.ts'
import type { NetworkView } from '../../../node/roles/network-view.ts'
import { systemClock } from '../../../node/system/system-clock.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'

const network: NetworkView = {
  addresses: [],
  listening: [],
  needsRelays: false,
  reservations: [],
  checks: [],
  links: [],
}

const said = (clock: NonNullable<NetworkView['clock']>) => describeClock('agent', { ...network, clock })

test('a clock of which too little is known is not spoken of', () => {
  expect(describeClock('agent', network)).toEqual([])
})

test('a clock that agrees is good', () => {
  expect(said({ aheadMinutes: 0, neighbours: 3 })).toEqual([
    { about: 'agent', verdict: 'good', words: "the clock agrees with its 3 neighbours' (the median)" },
  ])
})

test('a clock that is ahead: questions have expired, and what to do', () => {
  const [finding] = said({ aheadMinutes: 10, neighbours: 3 })
  expect(finding?.verdict).toBe('warning')
  expect(finding?.words).toMatch(
    /^this machine's clock is 10 min ahead of its 3 neighbours' .*5 min.*expired/,
  )
  expect(finding?.advice).toMatch(/^set it right.*NTP/)
})

test('a clock that is behind one neighbour: questions of the future, and either may be wrong', () => {
  const [finding] = said({ aheadMinutes: -10, neighbours: 1 })
  expect(finding?.verdict).toBe('warning')
  expect(finding?.words).toMatch(/10 min behind its one neighbour's.*of the future/)
  expect(finding?.advice).toMatch(/which of the two is wrong/)
})

test('silent agents whose clock was off are named, and no others', () => {
  const line = { peer: 'p' as PeerId, note: 'no answer yet', found: false }
  const accounting = {
    expected: 2,
    answered: [],
    failed: [],
    refused: [],
    silent: [
      { ...line, name: 'web1' },
      { ...line, name: 'web2', clockAheadMinutes: -10 },
    ],
    unexpected: [],
    found: 0,
  }
  expect(clockLines(accounting)).toEqual([expect.stringMatching(/^web2: its clock was 10 min behind/)])
})

test('the file that the doctor reads holds the clock', async () => {
  const state = temporaryDirectory()
  await mkdir(join(state, 'mesh'), { mode: 0o700 })
  const forget = await keepNetworkFile({ clock: systemClock }, state, () => ({
    ...network,
    clock: { aheadMinutes: -10, neighbours: 3 },
  }))
  expect((await readNetworkFile(state))?.clock).toEqual({ aheadMinutes: -10, neighbours: 3 })
  await forget()
})
