import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLab, type LabPerson } from '../../node/roles/lab.ts'
import { askInLab, whenInRoster } from '../../node/roles/lab-run.ts'
import { createKeyFileSigner } from '../../node/verification/key-file-signer.ts'
import { createKeyFile } from '../../node/verification/key-store.ts'
import type { CommandContext } from '../context.ts'
import { type Figure, median, milliseconds } from './figures.ts'

const question = {
  name: 'which cron job contains a password',
  target: "status='online'",
  operations: [
    {
      module: 'file',
      parameters: {
        searches: { s1: { paths: ['/etc'], contents: ['(?i)password'], options: { matchall: true } } },
      },
    },
  ],
  expireSeconds: 300,
}

/** Fifty agents in one process over the in-memory transport: real signatures, gates, modules and protocol. */
export async function benchLab(
  context: CommandContext,
  directory: string,
  agents = 50,
): Promise<readonly Figure[]> {
  const { clock, random, terminal } = context
  const file = await createKeyFile(join(directory, 'keys'), 'Alice Example <alice@example.net>', 'bench')
  const alice: LabPerson = {
    name: 'alice',
    weight: 1,
    signer: createKeyFileSigner(file, { askPassphrase: async () => 'bench' }),
  }
  const lab = await createLab({ people: [alice] }, { clock, random })
  try {
    const relay = await lab.startRelay('relay')
    for (let i = 0; i < agents; i++) {
      const root = join(directory, `machine${i}`)
      await mkdir(join(root, 'etc', 'cron.d'), { recursive: true })
      await writeFile(join(root, 'etc', 'cron.d', 'job'), i % 10 === 0 ? 'PASSWORD=hunter2\n' : 'true\n')
      await lab.startAgent(`agent${i}`, { bootstrap: relay.addresses, root })
      terminal.progress(`lab: ${i + 1} of ${agents} agents`)
    }
    const investigator = await lab.startInvestigator('laptop', { bootstrap: relay.addresses })
    await whenInRoster(investigator, agents, { clock, timeoutMs: 120_000 })
    // Links settle, and V8 has seen the code once, as on an endpoint that has been up for a while.
    await clock.sleep(5000)
    await askInLab(lab, investigator, [alice], question, { clock, timeoutMs: 60_000 })
    const asked = []
    for (let round = 0; round < 5; round++) {
      await clock.sleep(3000)
      asked.push(await askInLab(lab, investigator, [alice], question, { clock, timeoutMs: 60_000 }))
    }
    return [
      {
        what: `\`file\` over ${agents} agents in one process, first answer`,
        value: milliseconds(median(asked.map((one) => one.firstMs))),
      },
      {
        what: `\`file\` over ${agents} agents in one process, all answered`,
        value: milliseconds(median(asked.map((one) => one.lastMs))),
        aim: '1 s',
      },
    ]
  } finally {
    await lab.stop()
  }
}
