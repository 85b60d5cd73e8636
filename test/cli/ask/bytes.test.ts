import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { actionFileOf, formatActionFile } from '../../../cli/ask/action-file.ts'
import { signFile } from '../../../cli/ask/launch.ts'
import { canonicalBytes } from '../../../node/core/canonical-json.ts'
import type { Instant } from '../../../node/core/clock.ts'
import { formatInstant } from '../../../node/core/instant.ts'
import { generateGpgKey } from '../../../node/verification/gpg-keys.ts'
import { createGpgSigner } from '../../../node/verification/gpg-signer.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'
import { aGpgHome, stockGpg, withGpg } from '../../gpg.ts'
import { somePeople } from '../../roles/people.ts'
import { runMig } from '../run-mig.ts'

function anAction(reader: string) {
  const now = Date.now() as Instant
  return actionFileOf(
    canonicalBytes({
      syntaxversion: 3,
      fleet: `${'a'.repeat(51)}q`,
      nonce: 'A'.repeat(22),
      name: 'ünï',
      target: 'true',
      issuedat: formatInstant(now),
      validfrom: formatInstant(now),
      expireafter: formatInstant((now + 3_600_000) as Instant),
      operations: [{ module: 'file', parameters: { searches: { s1: { paths: ['/etc'] } } } }],
      origin: '12D3KooWEYwNkCHGtgjV2PjsxqJar98ktQh5XCBuWsJGatRfdTN9',
      replyto: { x25519: 'A'.repeat(43), readers: [reader] },
      resultttl: 604_800,
      policymin: { version: 1, hash: `${'b'.repeat(51)}q` },
      stoppers: [],
    }),
    [],
    [],
  )
}

withGpg('mig action bytes', () => {
  it('prints what stock gpg verifies our signatures over, of gpg and of key files alike', async () => {
    const home = temporaryDirectory()
    const gpg = aGpgHome()
    try {
      const fingerprint = await generateGpgKey('Gloria Example <gloria@example.net>', {
        ...gpg,
        env: { ...gpg.env, GNUPGHOME: gpg.home },
      })
      const [alice] = await somePeople('alice')
      if (alice === undefined) throw new Error('nobody')
      stockGpg(gpg, ['--import'], await alice.signer.publicCertificate())
      const signer = createGpgSigner(fingerprint, { ...gpg, env: { ...gpg.env, GNUPGHOME: gpg.home } })
      const signed = await signFile(await signFile(anAction(fingerprint), signer), alice.signer)
      writeFileSync(join(home, 'a.json'), formatActionFile(signed))
      const bytes = await runMig(['action', 'bytes', 'a.json'], { home })
      for (const [n, by] of [
        ['1', fingerprint],
        ['2', alice.signer.fingerprint],
      ] as const) {
        const signature = await runMig(['action', 'bytes', 'a.json', '--signature', n], { home })
        writeFileSync(join(home, 'sig'), signature.bytes)
        const good = stockGpg(gpg, ['--status-fd', '1', '--verify', join(home, 'sig'), '-'], bytes.bytes)
        expect(good.code).toBe(0)
        expect(Buffer.from(good.stdout).toString()).toContain(`VALIDSIG ${by}`)
        const bad = stockGpg(gpg, ['--verify', join(home, 'sig'), '-'], bytes.bytes.subarray(1))
        expect(bad.code).not.toBe(0)
      }
      const third = await runMig(['action', 'bytes', 'a.json', '--signature', '3'], { home })
      expect([third.code, third.stdout]).toEqual([1, ''])
    } finally {
      gpg.remove()
    }
  })
})
