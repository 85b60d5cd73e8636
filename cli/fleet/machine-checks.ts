import { formatInstant } from '../../node/core/instant.ts'
import { gpgAvailable } from '../../node/verification/gpg-keys.ts'
import type { CommandContext } from '../context.ts'
import { gpgOptions } from '../signing.ts'
import { wrong } from './checks.ts'
import type { Finding } from './finding.ts'
import { openFleetDirectory } from './fleet-directory.ts'
import { trustedPolicy } from './invite.ts'
import { listKeyViews } from './key-views.ts'

/** No build of this project is older; a clock before it is wrong. */
const earliest = Date.UTC(2025, 0, 1)
const oldPolicyMs = 365 * 86_400_000

/** Node, clock, gpg and the keys of the person who sits here.
 *  @param usesGpg `gpg` of the configuration: false looks at key files only */
export async function checkMachine(
  context: CommandContext,
  usesGpg: boolean | undefined,
): Promise<readonly Finding[]> {
  const now = context.clock.now()
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const findings: Finding[] = [
    major > 20 || (major === 20 && minor >= 19)
      ? { about: 'node', verdict: 'good', words: `Node ${process.versions.node}` }
      : {
          about: 'node',
          verdict: 'wrong',
          words: `Node ${process.versions.node}, 20.19 or later is needed`,
          advice: 'install a later Node',
        },
    now >= earliest
      ? { about: 'clock', verdict: 'good', words: formatInstant(now) }
      : {
          about: 'clock',
          verdict: 'wrong',
          words: formatInstant(now),
          advice: 'set the clock of this machine',
        },
  ]
  const gpg = await gpgAvailable(gpgOptions(context)).catch(() => undefined)
  findings.push({
    about: 'gpg',
    verdict: 'good',
    words: gpg === undefined ? 'gpg is not installed: keys are encrypted files' : `gpg ${gpg}`,
  })
  try {
    const keys = await listKeyViews(context, usesGpg)
    findings.push({ about: 'keys', verdict: 'good', words: `${keys.length} keys can sign here` })
    for (const key of keys.filter(({ canSign, canEncrypt }) => !canSign || !canEncrypt)) {
      const lack = key.canSign
        ? 'cannot read answers: no encryption subkey'
        : 'cannot sign: expired or revoked'
      findings.push({
        about: 'keys',
        verdict: 'warning',
        words: `${key.fingerprint} ${lack}`,
        advice: 'mig key list',
      })
    }
  } catch (error) {
    findings.push(wrong('keys', error))
  }
  return findings
}

/** Root and policy where a fleet is run from here. */
export async function checkFleet(context: CommandContext, path: string): Promise<readonly Finding[]> {
  const about = `fleet ${path}`
  try {
    const policy = await trustedPolicy(context, await openFleetDirectory(path, context.clock.now()))
    const words = `policy ${policy.version} of ${formatInstant(policy.policy.issuedat)} is signed as it must be`
    return context.clock.now() - policy.policy.issuedat > oldPolicyMs
      ? [{ about, verdict: 'warning', words, advice: 'is everybody in it still there? mig policy show' }]
      : [{ about, verdict: 'good', words }]
  } catch (error) {
    return [wrong(about, error)]
  }
}
