import type { ManifestCheck } from './check.ts'

/** One check of what a jar says that it is. Undefined until the jar was opened, and for good when it cannot be or the file is none:
 *  neither the check nor its inverse passes then. */
export class ManifestTest {
  readonly check: ManifestCheck
  verdict: boolean | undefined

  constructor(check: ManifestCheck) {
    this.check = check
  }

  take(lines: readonly string[]): void {
    const { regex, inverse } = this.check
    this.verdict = lines.some((line) => regex.test(line)) !== inverse
  }
}
