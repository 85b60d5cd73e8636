import { describe, expect, it } from 'vitest'
import { aCrashScene, crashEverywhere } from './crash-kit.ts'

describe('a gate that is killed', () => {
  it('runs nothing twice and loses nothing acknowledged, in the middle of whichever write', async () => {
    const points = await crashEverywhere(await aCrashScene(), 'during')
    console.info(`survived ${points.length} kills during: ${points.join(' ')}`)
    expect(points).toContain('gate-action+gate-meta')
    expect(points).toContain('gate-action+outbox')
  }, 60_000)
})
