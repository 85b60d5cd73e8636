import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { demoSecret } from '../../cli/demo/machines.ts'
import { builtMig } from '../cli/run-mig.ts'
import { temporaryDirectory } from '../fixtures/temporary-directory.ts'

/** Plays the demo as `npm start` does, where nobody watches or in a terminal. Its directory is made below a TMPDIR of its own. */
function play(where: 'piped' | 'terminal' = 'piped') {
  const directory = temporaryDirectory()
  const words = [process.execPath, builtMig(), 'demo']
  // util-linux's script gives it a terminal, and hands on what is typed into it.
  const [program = '', ...args] =
    where === 'piped' ? words : ['script', '-qefc', `exec ${words.join(' ')}`, '/dev/null']
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH, HOME: directory, TMPDIR: directory, SHELL: '/bin/sh', TERM: 'dumb' },
    stdio: [where === 'piped' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
    })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  /** Command lines of processes that work for this demo: each of its nodes names a directory below. */
  const processes = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          const line = readFileSync(`/proc/${name}/cmdline`, 'utf8')
          return line.includes(directory) ? [line.replaceAll('\0', ' ')] : []
        } catch {
          return []
        }
      })
  return { directory, child, ended, processes, said: () => said }
}

describe.runIf(process.platform === 'linux')('mig demo', () => {
  it('plays the main job to its end where nobody watches, and leaves nothing behind', async () => {
    const demo = play()
    await expect.poll(demo.said, { timeout: 60_000 }).toContain('Up after')
    // A relay, an investigator's node, and two processes for each of six agents.
    expect(demo.processes().length).toBeGreaterThanOrEqual(14)
    // One of them cannot be dialled.
    const agents = demo.processes().filter((line) => line.includes('agent start'))
    expect([agents.length, agents.filter((line) => !line.includes('--listen')).length]).toEqual([6, 1])
    expect([await demo.ended, demo.said().match(/internal error|unexpected|Warning/)]).toEqual([0, null])

    const said = demo.said()
    const inOrder: readonly (string | RegExp)[] = [
      'operator=IT site=remote',
      'Which cron job contains a password?',
      'web1 /etc/cron.d/backup',
      '6 expected, 6 answered (1 found)',
      'db1 /home/bob/.ssh/id_ed25519',
      '$ mig -y file -path / -name "^\\\\.boto\\$" -content abcdef123456 -size "<1k" -maxdepth 5',
      'laptop7 /home/jean-kevin/.boto',
      'weight 1 of 2 for module netstat: agents would refuse; still needed: 1 more, from Bob Example (1)',
      'refused: not-permitted: weight 1 of 2 for module netstat',
      '6 expected, 0 answered (0 found), 6 refused: build1, db1, laptop7, vpn1, web1, web2',
      'weight 2 of 2 for module netstat: may run',
      'vpn1 found connected tuple 13.37.66.66:443',
      '4 of 6 agents would be targeted',
      '4 expected, 4 answered (1 found)',
      '--target-found',
      '1 expected, 1 answered (1 found)',
      'The relay is killed, and vpn1 is switched off',
      // The others have two seconds for it: on a busy machine not all make it, and answer below.
      /6 expected, \d answered \(\d found\), \d silent: ([\w, ]+, )?vpn1/,
      'vpn1 is switched on again',
      '6 expected, 6 answered (6 found)',
      'answered (6)',
    ]
    let from = 0
    for (const line of inOrder) {
      const rest = said.slice(from)
      const found = typeof line === 'string' ? line : (line.exec(rest)?.[0] ?? `nothing like ${line}`)
      expect(rest).toContain(found)
      from += rest.indexOf(found) + found.length
    }
    // What stands inside that file is never shown; the question itself is.
    const answers = said.split('\n').filter((line) => !line.startsWith('$ mig'))
    expect(answers.join('\n')).not.toContain(demoSecret)
    expect(demo.processes()).toEqual([])
    expect(readdirSync(demo.directory).filter((name) => name.startsWith('mig-demo-'))).toEqual([])
  }, 120_000)

  it.runIf(spawnSync('script', ['--version']).status === 0)(
    'stays up in a terminal for the next question, which it says how to ask, until ctrl-C',
    async () => {
      const demo = play('terminal')
      await expect.poll(demo.said, { timeout: 120_000 }).toContain('stays up until ctrl-C')
      await expect.poll(demo.said).toMatch(/^ {2}node .* passwd\r?$/m)
      const [, settings = '', command = ''] =
        /^ {2}export (.*?)\r?\n {2}(node .*?)\r?$/m.exec(demo.said()) ?? []
      const asked = spawnSync('sh', ['-c', `export ${settings}; ${command}`], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: demo.directory, TMPDIR: demo.directory },
        timeout: 60_000,
      })
      expect([asked.status, asked.stderr]).toEqual([0, expect.stringContaining('6 expected, 6 answered')])
      expect(demo.child.exitCode).toBeNull()
      demo.child.stdin?.write('\u0003')
      expect([await demo.ended, demo.said().match(/internal error|Warning/)]).toEqual([0, null])
      await expect.poll(demo.processes, { timeout: 15_000 }).toEqual([])
      expect(readdirSync(demo.directory).filter((name) => name.startsWith('mig-demo-'))).toEqual([])
    },
    240_000,
  )

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'leaves no process behind after %s',
    async (signal) => {
      const demo = play()
      await expect.poll(() => demo.processes().length, { timeout: 60_000 }).toBeGreaterThan(4)
      demo.child.kill(signal)
      // Stopping the nodes takes a few seconds; the time they are given to start is half a minute.
      const code = await Promise.race([demo.ended, new Promise((r) => setTimeout(r, 25_000, 'still there'))])
      if (signal !== 'SIGKILL') {
        expect(code).toBe(0)
        expect(readdirSync(demo.directory).filter((name) => name.startsWith('mig-demo-'))).toEqual([])
      }
      await expect.poll(demo.processes, { timeout: 15_000 }).toEqual([])
    },
    90_000,
  )
})
