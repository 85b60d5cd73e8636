import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { demoSecret } from '../../cli/demo/machines.ts'
import { builtMig } from '../cli/run-mig.ts'
import { temporaryDirectory } from '../fixtures/temporary-directory.ts'

/** Plays the demo as `npm start` does where nobody watches. Its directory is made below a TMPDIR of its own. */
function play() {
  const directory = temporaryDirectory()
  const child = spawn(process.execPath, [builtMig(), 'demo'], {
    env: { PATH: process.env.PATH, HOME: directory, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
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
    expect([await demo.ended, demo.said().match(/internal error|unexpected/)]).toEqual([0, null])

    const said = demo.said()
    const inOrder = [
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
      '6 expected, 5 answered (5 found), 1 silent: vpn1',
      'vpn1 is switched on again',
      '6 expected, 6 answered (6 found)',
      'answered (6)',
    ]
    let from = 0
    for (const line of inOrder) {
      expect(said.slice(from)).toContain(line)
      from = said.indexOf(line, from) + line.length
    }
    // What stands inside that file is never shown; the question itself is.
    const answers = said.split('\n').filter((line) => !line.startsWith('$ mig'))
    expect(answers.join('\n')).not.toContain(demoSecret)
    expect(demo.processes()).toEqual([])
    expect(readdirSync(demo.directory).filter((name) => name.startsWith('mig-demo-'))).toEqual([])
  }, 120_000)

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'leaves no process behind after %s',
    async (signal) => {
      const demo = play()
      await expect.poll(() => demo.processes().length, { timeout: 60_000 }).toBeGreaterThan(4)
      demo.child.kill(signal)
      const code = await demo.ended
      if (signal !== 'SIGKILL') {
        expect(code).toBe(0)
        expect(readdirSync(demo.directory).filter((name) => name.startsWith('mig-demo-'))).toEqual([])
      }
      await expect.poll(demo.processes, { timeout: 15_000 }).toEqual([])
    },
    90_000,
  )
})
