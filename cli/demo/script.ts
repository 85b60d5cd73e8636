import { join } from 'node:path'
import { MigError } from '../../node/core/error.ts'
import { connectControl } from '../../node/roles/control-socket.ts'
import type { ExitCode } from '../context.ts'
import type { Terminal } from '../terminal.ts'
import type { Processes } from './processes.ts'

/** What the demo asks, in the order in which an investigator would. Every line is a command that a person could type. */
export interface DemoScript {
  readonly terminal: Terminal
  readonly processes: Processes
  /** Runs a command line as `mig` would, on the same terminal. @returns its exit code */
  readonly run: (line: readonly string[]) => Promise<ExitCode>
  /** Where action files of the demo are written. */
  readonly home: string
  readonly bob: string
  /** Starts an agent that was stopped. */
  readonly restart: (name: string) => Promise<void>
}

export async function playDemo({ terminal, processes, run, home, bob, restart }: DemoScript): Promise<void> {
  const title = (text: string) => {
    terminal.say('')
    terminal.say(`── ${text}`)
  }

  /** Shows a command as a person would type it, then runs it. @throws MigError `internal` on another exit code */
  async function mig(line: readonly string[], expect: number | readonly number[] = 0): Promise<void> {
    terminal.say(`$ mig ${line.map(quote).join(' ')}`)
    const code = await run(line)
    if (![expect].flat().includes(code))
      throw new MigError('internal', `that command ended with ${code}, expected ${expect}`)
  }
  const ask = (...line: string[]) => mig(['-y', ...line])

  title('Which cron job contains a password?')
  await ask('file', '-path', '/etc/cron.d', '-path', '/etc/crontab', '-content', '(?i)password')
  title('Got any private keys in those home folders?')
  await ask('file', '-path', '/home', '-content', '^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----')
  title('That unfortunate commit: is this AWS key configured anywhere?')
  await ask(
    'file',
    '-path',
    '/',
    '-name',
    '^\\.boto$',
    '-content',
    'abcdef123456',
    '-size',
    '<1k',
    '-maxdepth',
    '5',
  )

  title('Is the botnet IP 13.37.66.66 connected anywhere? The fleet’s ACL wants two people for that.')
  const connected = join(home, 'connected.json')
  await mig(['action', 'draft', '-o', connected, 'netstat', '-ci', '13.37.66.66'])
  await mig(['action', 'sign', connected])
  terminal.say('Alice sends it alone; every agent refuses and says why:')
  await mig(['action', 'send', connected, '--follow', '-y'], 3)
  terminal.say('Bob signs the same file; the bytes do not change:')
  await mig(['action', 'sign', connected, '--key', bob])
  await mig(['action', 'send', connected, '--follow', '-y'])

  title('The whole workflow: draft, who is targeted, sign, send, follow, narrow, ask again')
  const target = "tags->>'operator'='IT' AND environment->>'os'='linux'"
  const workflow = join(home, 'workflow.json')
  await mig([
    'action',
    'draft',
    '-o',
    workflow,
    '-t',
    target,
    'file',
    '-path',
    '/etc/cron.d',
    '-name',
    '^backup$',
  ])
  await mig(['agents', '-t', target])
  await mig(['action', 'sign', workflow])
  await mig(['action', 'send', workflow, '--follow', '-y'])
  const first = await latestId(home)
  title('Narrow to those that had a hit, and ask a second question')
  await mig([
    '-y',
    '--target-found',
    first,
    '-t',
    'all',
    'file',
    '-path',
    '/etc/cron.d',
    '-content',
    'mysqldump',
  ])

  title('The relay is killed, and vpn1 is switched off')
  await Promise.all([processes.stop('vpn1'), processes.stop('relay')])
  await mig(['-y', '--wait', '1s', 'file', '-path', '/etc', '-name', '^os-release$'], [0, 4])
  terminal.say('vpn1 is switched on again; what it missed is still asked:')
  await restart('vpn1')
  const last = await latestId(home)
  await mig(['follow', last, '--wait', '20s'])
  await mig(['accounting', last])
}

/** The action that was sent last, from the running node: not a step of the story. */
async function latestId(home: string): Promise<string> {
  const control = await connectControl(join(home, 'investigator'))
  try {
    const [latest] = (await control?.service.actions()) ?? []
    if (latest === undefined) throw new MigError('internal', 'no action was sent')
    return latest.id
  } finally {
    control?.close()
  }
}

function quote(word: string): string {
  return /^[\w./:,=-]+$/.test(word) ? word : `"${word.replace(/(["\\$`])/g, '\\$1')}"`
}
