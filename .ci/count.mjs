// Prints how many tests passed, failed and were skipped, from vitest's own JSON report. A run without a report is a failed one.
import { readFileSync } from 'node:fs'

try {
  const report = JSON.parse(readFileSync('dist/test-report.json', 'utf8'))
  const skipped = report.numPendingTests + report.numTodoTests
  const failed = report.numFailedTests + (report.success || report.numFailedTests > 0 ? 0 : 1)
  console.log(`${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped`)
  process.exit(failed === 0 && report.numPassedTests > 0 ? 0 : 1)
} catch (error) {
  console.error(`no test report: ${error.message}`)
  console.log('0 passed, 1 failed, 0 skipped')
  process.exit(1)
}
