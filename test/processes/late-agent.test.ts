import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Said } from '../cli/fleet/desk.ts'
import { aRealFleet, type RealFleet, until } from './real-fleet.ts'

/** Protocol 6.5 freezes who is expected when a question is sent; who joins later and answers is counted apart (D5). */
describe.skipIf(process.platform !== 'linux')(
  'an agent that was enrolled after the question was sent',
  () => {
    let fleet: RealFleet
    let id: string
    const mig = (...words: string[]): Promise<Said> => fleet.desk.mig(...words)
    const cron = ['file', '-path', '/etc/cron.d', '-content', '^PASSWORD'] as const
    const unexpectedIn = async (action: string): Promise<readonly string[]> => {
      const { out } = await mig('accounting', action, '--json')
      return JSON.parse(out).unexpected.map((line: { readonly name: string }) => line.name)
    }

    beforeAll(async () => {
      fleet = await aRealFleet()
      const early = await fleet.enrolAgent('early', { '/etc/cron.d/job': 'true\n' })
      await fleet.startInvestigator()
      await fleet.startAgent(early)
      await until(
        'the first agent is known',
        () => fleet.withService(async (service) => (await service.agents()).length === 1),
        30_000,
      )
      const asked = await mig('-y', '--wait', '20s', ...cron)
      id = /^action (\w{52})$/m.exec(asked.said)?.[1] ?? 'no id'
      expect([asked.code, asked.said]).toEqual([
        0,
        expect.stringMatching(/^1 expected, 1 answered \(0 found\)$/m),
      ])
      // The same question, asked of none but the first.
      const late = await fleet.enrolAgent('late', { '/etc/cron.d/job': 'PASSWORD=hunter2\n' })
      await fleet.startAgent(late)
      await until(
        'it has answered what was asked before it came',
        async () => (await unexpectedIn(id)).length > 0,
      )
    }, 120_000)
    afterAll(() => fleet?.stop(), 30_000)

    const line = '1 expected, 1 answered (0 found), +1 not expected: late'

    it('is counted apart by name; those who were expected stay what they were', async () => {
      const { code, out } = await mig('accounting', id, '--json')
      const { expected, answered, failed, refused, silent, unexpected, found } = JSON.parse(out)
      expect({ code, expected, failed, refused, silent, found }).toEqual({
        code: 0,
        expected: 1,
        failed: [],
        refused: [],
        silent: [],
        found: 0,
      })
      expect(answered).toEqual([expect.objectContaining({ name: 'early', note: 'done', found: false })])
      expect(unexpected).toEqual([expect.objectContaining({ name: 'late', note: 'done', found: true })])
    })

    it('stands under a heading of its own in the account, and in every line that sums it up', async () => {
      const shown = await mig('accounting', id)
      expect([shown.code, shown.out.split('\n')]).toEqual([
        0,
        ['answered (1)', '  early  done', 'not expected (1)', '  late  found', line],
      ])
      expect((await mig('action', 'show', id)).out.split('\n').at(-1)).toBe(line)
      expect((await mig('accounting', id, '--csv')).out).toMatch(/^late,\w{52},unexpected,true,done\r?$/m)
    })

    it('is not left out of what was found', async () => {
      for (const words of [
        ['results', id],
        ['follow', id],
      ]) {
        const { code, out, said } = await mig(...words)
        expect([words[0], code, out]).toEqual([
          words[0],
          0,
          expect.stringMatching(/^late \/etc\/cron\.d\/job \[/),
        ])
        expect(said.split('\n')).toContain(line)
      }
    })

    it('is expected the next time', async () => {
      const again = await mig('-y', '--wait', '20s', ...cron)
      expect(again.said).toMatch(/^2 expected, 2 answered \(1 found\)$/m)
      const next = /^action (\w{52})$/m.exec(again.said)?.[1] ?? 'no id'
      expect(await unexpectedIn(next)).toEqual([])
    })
  },
)
