import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildChild, startChild } from './child.ts'
import { scratchDirectory } from './scratch.ts'

const canPreload = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0
if (!canPreload) console.warn('SKIPPED: a failing sync is only tested on Linux with a C compiler')

describe.skipIf(!canPreload)('a write whose sync fails', () => {
  it('is not there afterwards, though its bytes had reached the log', async () => {
    const scratch = scratchDirectory()
    const library = join(scratch, 'failing-sync.so')
    execFileSync('cc', [
      '-shared',
      '-fPIC',
      '-o',
      library,
      join(import.meta.dirname, 'processes/failing-sync.c'),
      '-ldl',
    ])
    const switchFile = join(scratch, 'sync-fails')
    const child = startChild(await buildChild('failing-sync'), [join(scratch, 'store'), switchFile], {
      LD_PRELOAD: library,
      MIG_TEST_SYNC_FAILS: switchFile,
    })
    expect(await child.nextLine()).toBe('disk-full sync-refused deleted=old kept=old later=x')
    expect(await child.exitCode()).toBe(0)
  })
})
