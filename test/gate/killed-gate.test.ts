import { describe, expect, it } from 'vitest'
import { aCrashScene, crashEverywhere } from './crash-kit.ts'

describe('a gate that is killed', () => {
  it('runs nothing twice and loses nothing acknowledged, whichever write it was about to make', async () => {
    const points = await crashEverywhere(await aCrashScene(2), 'before')
    console.info(`survived ${points.length} kills before: ${points.join(' ')}`)
    expect(points).toContain('gate-action+gate-meta')
    expect(points).toContain('gate-action+outbox')
    expect(points.at(-1)).toMatch(/^(gate-meta\+)+gate-action/)
  }, 120_000)
})
