import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { base64UrlEncode } from '../../node/core/encoding.ts'
import { benchCatchUp } from '../bench/catch-up.ts'
import { describeMachine, type Figure } from '../bench/figures.ts'
import { benchLab } from '../bench/lab.ts'
import { benchMicro } from '../bench/micro.ts'
import { benchReal } from '../bench/real.ts'
import { benchScale } from '../bench/scale.ts'
import { type BenchSize, fullSize, quickSize } from '../bench/size.ts'
import type { CommandContext } from '../context.ts'
import { wholeNumber } from '../option-values.ts'
import { inertJson } from '../views/json.ts'

const parts = ['micro', 'lab', 'scale', 'catch-up', 'real'] as const

interface BenchOptions {
  readonly only?: (typeof parts)[number]
  readonly quick?: true
  readonly idle?: number
  readonly missed?: number
  readonly nodes?: number
  readonly write?: string
  readonly json?: true
}

/** Measures what docs/benchmarks.md prints. Nothing leaves this machine. */
export function define(command: Command, context: CommandContext): void {
  command
    .addOption(new Option('--only <part>', 'one of the parts').choices([...parts]))
    .option('--quick', 'small and short: shows that all of it runs, measures little')
    .option('--idle <seconds>', 'how long idle processes are watched; default 60', wholeNumber)
    .option('--nodes <agents>', 'how many agents the part scale has; default 200', wholeNumber)
    .option('--missed <results>', 'how many answers the catch-up brings; default 100000', wholeNumber)
    .option('--write <file>', 'write the table there')
    .option('--json', 'the figures as JSON')
    .action(async (options: BenchOptions) => {
      const { terminal, settings, random } = context
      const directory = await mkdtemp(join(tmpdir(), 'mig-bench-'))
      const passphrase = base64UrlEncode(random.bytes(16))
      const home = join(directory, 'home')
      const own: CommandContext = {
        ...context,
        settings: { ...settings, migHome: home, passphrase, gnupgHome: undefined },
      }
      const environment = { PATH: settings.path, HOME: directory, MIG_HOME: home, MIG_PASSPHRASE: passphrase }
      const whole = options.quick === true ? quickSize : fullSize
      const { idle = whole.idleSeconds, missed = whole.missed, nodes = whole.scaleAgents } = options
      const size: BenchSize = { ...whole, idleSeconds: idle, missed, scaleAgents: nodes }
      const wanted = (part: (typeof parts)[number]) => options.only === undefined || options.only === part
      try {
        const figures: Figure[] = []
        if (wanted('micro')) figures.push(...(await benchMicro(context, directory, size)))
        if (wanted('lab')) figures.push(...(await benchLab(context, join(directory, 'lab'), size)))
        if (wanted('scale')) figures.push(...(await benchScale(context, join(directory, 'scale'), size)))
        if (wanted('catch-up')) {
          const away = join(directory, 'away')
          figures.push(
            ...(await benchCatchUp(
              { ...own, settings: { ...own.settings, migHome: away } },
              away,
              { ...environment, MIG_HOME: away },
              size.missed,
            )),
          )
        }
        if (wanted('real')) figures.push(...(await benchReal(own, home, environment, size)))
        terminal.progress('')
        const text = table(figures)
        if (options.json === true) terminal.raw(`${inertJson({ machine: describeMachine(), figures }, 2)}\n`)
        else terminal.raw(text)
        if (options.write !== undefined) await writeFile(options.write, page(text))
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    })
}

function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, value, aim }) => `| ${what} | ${value} | ${aim ?? ''} |`)
  return ['| what | measured | aim |', '|---|---|---|', ...rows, ''].join('\n')
}

function page(text: string): string {
  return `# Benchmarks

Made by \`npm run bench -- --write docs/benchmarks.md\` on ${describeMachine()}.
Medians of five rounds after one that warms up; rates are the best of three runs. Other work on the machine makes every figure worse.

${text}`
}
