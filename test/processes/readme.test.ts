import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { builtMig } from '../cli/run-mig.ts'
import { temporaryDirectory } from '../fixtures/temporary-directory.ts'

const readme = readFileSync('README.md', 'utf8')
const hasGpg = spawnSync('gpg', ['--version']).status === 0

/** The code blocks of the README that begin with these words. */
function block(beginning: string): string {
  const found = [...readme.matchAll(/```(?:bash)?\n([\s\S]*?)```/g)].find(([, text]) =>
    text?.startsWith(beginning),
  )
  if (found?.[1] === undefined) throw new Error(`no block of the README begins with ${beginning}`)
  return found[1]
}

/** A line of one of the blocks, without the remark behind it. */
function line(text: string, beginning: string): string {
  const found = text.split('\n').find((each) => each.startsWith(beginning))
  if (found === undefined) throw new Error(`no line of the README begins with ${beginning}`)
  return found.replace(/\s{2,}#.*|\s{6,}prints .*/, '')
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Runs a script in a shell of its own, with everything that it leaves in the background. @returns what it said, and its exit code */
async function bash(
  script: string,
  home: string,
): Promise<{ readonly said: string; readonly code: number | null }> {
  const child = spawn('bash', ['-c', script], {
    cwd: home,
    detached: true,
    env: {
      PATH: process.env.PATH,
      HOME: home,
      GNUPGHOME: join(home, 'gpg'),
      MIG_PASSPHRASE: 'a passphrase for tests',
      LC_ALL: 'C',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const end = (signal: NodeJS.Signals) => {
    try {
      process.kill(-(child.pid ?? 0), signal)
    } catch {
      // All have ended.
    }
  }
  onTestFinished(() => end('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
    })
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  end('SIGTERM')
  return { said, code }
}

it.skipIf(process.platform !== 'linux')(
  'what the README prints works as it stands, line by line',
  async () => {
    const home = temporaryDirectory()
    mkdirSync(join(home, 'gpg'), { mode: 0o700 })
    const byHand = block('export MIG_HOME')
    const second = block('mig invite --role agent')
    const check = block('mig action bytes')
    const relayPort = await freePort()
    const script = `
set -e
shopt -s expand_aliases
alias mig="${process.execPath} ${builtMig()}"
# The README sleeps where a person looks whether it is ready; a busy machine takes longer.
sleep() {
  until grep -qs listening relay.address; do command sleep 0.3; done
  until [ ! -e investigator.log ] || [ "$(grep -c '"event":"joined"' investigator.log)" -ge 2 ]; do command sleep 0.3; done
}
linked() { until mig mesh peers --json | grep -q "\\"$1\\""; do command sleep 1; done; }
${line(block('node .ci/prepare.mjs'), 'mig -t local')}
${byHand}
echo "== a second machine"
LINE=$(${line(second, 'mig invite')})
MIG_HOME=$HOME/mig-try-2 mig agent enrol $LINE --name web2
MIG_HOME=$HOME/mig-try-2 mig agent start 2> agent2.log &
linked web2
echo "== the relay is killed"
kill %1
mig --wait 60s file -path /etc -name "^passwd$"
echo "== an id"
ID=$(mig action list --json | grep -o '"id": "[^"]*"' | cut -d'"' -f4 | head -1 | cut -c1-8)
mig accounting $ID
mig results $ID
mig action cancel $ID
echo "== the rules"
EDITOR=true mig policy edit
mig policy revoke web1
mig policy check
mig policy sign
mig policy publish
mig agents
echo "== gpg"
${hasGpg ? check : ''}
echo "== the end"
`
      .replaceAll('tcp/7373', `tcp/${relayPort}`)
      .replaceAll('tcp/7374', `tcp/${await freePort()}`)
    writeFileSync(join(home, 'script'), script)
    const { said, code } = await bash(script, home)
    const inOrder = [
      '/etc/passwd [',
      'web1  online',
      'operator=IT site=Berlin',
      'web1 /etc/passwd [',
      '1 expected, 1 answered (1 found)',
      'weight 1 of 2 for module netstat: agents would refuse; still needed: 1 more, from Bob Example (1)',
      'weight 2 of 2 for module netstat: may run',
      '1 expected, 1 answered (0 found)',
      '== the relay is killed',
      '2 expected, 2 answered (2 found)',
      '== an id',
      'answered (2)',
      '== the rules',
      'web1  revoked',
      '== gpg',
      ...(hasGpg ? ['Good signature from "Alice Example <alice@example.org>"'] : []),
      '== the end',
    ]
    let from = 0
    for (const words of inOrder) {
      expect(said.slice(from)).toContain(words)
      from = said.indexOf(words, from) + words.length
    }
    expect([code, said.match(/internal error|Warning: /)]).toEqual([0, null])
  },
  240_000,
)
