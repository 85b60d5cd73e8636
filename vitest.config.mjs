import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // `npm run test:net`: they need root.
    exclude: ['**/node_modules/**', 'test/net/**'],
    setupFiles: ['node/core/first.ts', 'test/no-keys-of-mine.ts'],
    pool: 'forks',
    // Two cores: more workers only make real networks and real processes time out.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    reporters: ['default', ['json', { outputFile: 'dist/test-report.json' }]],
  },
})
