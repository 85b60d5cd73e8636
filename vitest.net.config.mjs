import { defineConfig } from 'vitest/config'

/** `npm run test:net`: the mesh over network namespaces. Needs Linux, root, iproute2 and nftables. */
export default defineConfig({
  test: {
    include: ['test/net/**/*.test.ts'],
    setupFiles: ['node/core/first.ts'],
    pool: 'forks',
    // One lab at a time: its processes fill two cores by themselves.
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', ['json', { outputFile: 'dist/test-report-net.json' }]],
  },
})
