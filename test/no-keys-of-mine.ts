import { readdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'

/** Set-up of every test file: nobody's own GnuPG keyring is used. A test that wants gpg makes a home for it (`aGpgHome`); one that
 *  forgets to finds none, and one that finds the person's keyring after all is told so here. */
process.env.GNUPGHOME = '/nonexistent/a-test-without-a-gpg-home'

const before = ownKeys()

afterAll(() => {
  // Files of other workers run meanwhile: it may have been one of them.
  expect(ownKeys(), 'a test has changed the GnuPG keys of whoever runs the tests').toEqual(before)
})

/** Names and times, never contents. gpg touches its other files (trust, locks, sockets) when it is only asked. */
function ownKeys(): readonly string[] {
  const home = join(homedir(), '.gnupg')
  const secret = read(() => readdirSync(join(home, 'private-keys-v1.d')).sort()) ?? []
  const rings = ['pubring.kbx', 'pubring.gpg', 'secring.gpg'].map(
    (ring) => `${ring} ${read(() => statSync(join(home, ring)).mtimeMs) ?? 'absent'}`,
  )
  return [...secret, ...rings]
}

function read<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    // There is no such directory or ring: as good as an empty one.
    return undefined
  }
}
