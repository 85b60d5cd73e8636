import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Instant } from '../../node/core/clock.ts'
import type { LabPerson } from '../../node/roles/lab.ts'
import { createKeyFileSigner } from '../../node/verification/key-file-signer.ts'
import { createKeyFile } from '../../node/verification/key-store.ts'

/** Makes people with real keys; each signs with an unlocked key file of a directory that is gone again. */
export const somePeople = (...names: readonly string[]) => somePeopleWho({}, ...names)

/** @param options `now`: the clock that they date their signatures by */
export async function somePeopleWho(
  options: { readonly now?: () => Instant },
  ...names: readonly string[]
): Promise<readonly LabPerson[]> {
  const directory = await mkdtemp(join(tmpdir(), 'mig-people-'))
  try {
    return await Promise.all(
      names.map(async (name) => {
        const file = await createKeyFile(directory, `${name} Example <${name}@example.net>`, 'correct horse')
        return {
          name,
          weight: 1,
          signer: createKeyFileSigner(file, { ...options, askPassphrase: async () => 'correct horse' }),
        }
      }),
    )
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
