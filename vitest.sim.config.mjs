import { defineConfig } from 'vitest/config'

/** `npm run test:sim`: the protocol's own code under a seeded scheduler, on virtual time. */
export default defineConfig({
  test: {
    include: ['test/sim/**/*.sim.ts'],
    setupFiles: ['node/core/first.ts', 'test/no-keys-of-mine.ts'],
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['default', ['json', { outputFile: 'dist/test-report-sim.json' }]],
  },
})
