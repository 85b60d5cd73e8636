import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLab, type LabPerson } from '../../node/roles/lab.ts'
import { askInLab, whenInRoster } from '../../node/roles/lab-run.ts'
import { createKeyFileSigner } from '../../node/verification/key-file-signer.ts'
import { createKeyFile } from '../../node/verification/key-store.ts'
import type { CommandContext } from '../context.ts'
import { allAnswered, type Figure, median, milliseconds } from './figures.ts'
import { question } from './question.ts'
import type { BenchSize } from './size.ts'

/** Agents in one process over the in-memory transport: real signatures, gates, modules and protocol. */
export async function benchLab(
  context: CommandContext,
  directory: string,
  { labAgents: agents, rounds, settleMs, pauseMs }: BenchSize,
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
    await clock.sleep(settleMs)
    const ask = async () => {
      const asked = await askInLab(lab, investigator, [alice], question, { clock, timeoutMs: 60_000 })
      allAnswered(asked, agents)
      return asked
    }
    await ask()
    const asked = []
    for (let round = 0; round < rounds; round++) {
      await clock.sleep(pauseMs)
      asked.push(await ask())
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
