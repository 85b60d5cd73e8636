// Prints how many tests passed, failed and were skipped, from vitest's own JSON reports. A run without a report is a failed one.
import { readFileSync } from 'node:fs'

let passed = 0
let failed = 0
let skipped = 0
for (const { name, isPart, mayLack } of [
  { name: 'dist/test-report.json' },
  // Of these only some were to run: what was not chosen is neither run nor skipped.
  { name: 'dist/test-report-net.json', isPart: true, mayLack: true },
  { name: 'dist/test-report-sim.json', isPart: true },
]) {
  try {
    const report = JSON.parse(readFileSync(name, 'utf8'))
    const cannotRun = mayLack && report.numPassedTests + report.numFailedTests === 0
    passed += report.numPassedTests
    failed += report.numFailedTests + (report.success || report.numFailedTests > 0 ? 0 : 1)
    if (!isPart || cannotRun) skipped += report.numPendingTests + report.numTodoTests
    if (cannotRun) console.log('NETWORK TESTS SKIPPED: they need Linux, root, ip netns and nft')
    else if (report.numPassedTests === 0) failed++
  } catch (error) {
    console.error(`no test report: ${error.message}`)
    failed++
  }
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exit(failed === 0 ? 0 : 1)
