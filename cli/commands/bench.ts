import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { base64UrlEncode } from '../../node/core/encoding.ts'
import { benchCatchUp } from '../bench/catch-up.ts'
import { describeMachine, type Figure } from '../bench/figures.ts'
import { benchLab } from '../bench/lab.ts'
import { benchMicro } from '../bench/micro.ts'
import { benchReal } from '../bench/real.ts'
import type { CommandContext } from '../context.ts'

interface BenchOptions {
  readonly only?: string
  readonly idle: string
  readonly missed: string
  readonly write?: string
}

/** Measures what docs/benchmarks.md prints. Nothing leaves this machine. */
export function define(command: Command, context: CommandContext): void {
  command
    .option('--only <part>', 'micro, lab, catch-up or real')
    .option('--idle <seconds>', 'how long idle processes are watched', '60')
    .option('--missed <results>', 'how many answers the catch-up brings', '100000')
    .option('--write <file>', 'write the table there')
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
      const wanted = (part: string) => options.only === undefined || options.only === part
      try {
        const figures: Figure[] = []
        if (wanted('micro')) figures.push(...(await benchMicro(context, directory)))
        if (wanted('lab')) figures.push(...(await benchLab(context, join(directory, 'lab'))))
        if (wanted('catch-up')) {
          const away = join(directory, 'away')
          figures.push(
            ...(await benchCatchUp(
              { ...own, settings: { ...own.settings, migHome: away } },
              away,
              { ...environment, MIG_HOME: away },
              Number(options.missed),
            )),
          )
        }
        if (wanted('real')) figures.push(...(await benchReal(own, home, environment, Number(options.idle))))
        terminal.progress('')
        const text = table(figures)
        terminal.raw(text)
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
