import { describe, expect, it } from 'vitest'
import { aCrashScene, crash, crashEverywhere, expectAtMostOnce } from './crash-kit.ts'

describe('a gate that is killed', () => {
  it('runs nothing twice and loses nothing acknowledged, in the middle of whichever write', async () => {
    const points = await crashEverywhere(await aCrashScene(1), 'during')
    console.info(`survived ${points.length} kills during: ${points.join(' ')}`)
    expect(points).toContain('gate-action+gate-meta')
    expect(points).toContain('gate-action+outbox')
  }, 120_000)

  it('runs nothing twice when it dies beside a running module, with answers sent, or after it has forgotten', async () => {
    const scene = await aCrashScene(2)
    for (const when of ['running', 'sent', 'pruned'] as const) {
      const crashed = await crash(scene, when, 0)
      expect(crashed.wasKilled).toBe(true)
      expectAtMostOnce(crashed)
      expect(crashed.runs()).toContain('first')
    }
  }, 120_000)
})
