import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aRealFleet,
  childrenOf,
  commandLineOf,
  type EnrolledAgent,
  meshProcessOf,
  type RealFleet,
  type RealNode,
} from './real-fleet.ts'

describe.skipIf(process.platform !== 'linux')('the two processes of an endpoint', () => {
  let fleet: RealFleet
  let agent: EnrolledAgent
  let gate: RealNode
  let mesh: number

  beforeAll(async () => {
    fleet = await aRealFleet()
    agent = await fleet.enrolAgent('web1', { '/etc/cron.d/job': 'PASSWORD=hunter2\n' })
    gate = await fleet.startAgent(agent)
    mesh = meshProcessOf(gate.pid) ?? 0
  }, 60_000)
  afterAll(() => fleet?.stop(), 30_000)

  it('gives the gate no socket of any network, and nothing that others can connect to', () => {
    expect(childrenOf(gate.pid)).toEqual([mesh])
    const { network, listening } = socketsOf(gate.pid)
    expect({ network, listening }).toEqual({ network: [], listening: [] })
    // The other process shows that this way of looking finds sockets.
    expect(socketsOf(mesh).network.length).toBeGreaterThan(0)
  })

  /** A script in the place of the mesh process: the very flags that the kernel shows for it. */
  function inItsPlace(script: string, ...args: string[]): string {
    const [node = '', ...words] = commandLineOf(mesh)
    const flags = words.slice(
      0,
      words.findIndex((word) => !word.startsWith('-')),
    )
    if (!flags.some((flag) => /^--(experimental-)?permission$/.test(flag)))
      throw new Error(`the mesh process runs without limits: ${node} ${words.join(' ')} ${gate.stderr()}`)
    return execFileSync(node, [...flags, '--eval', script, ...args], {
      encoding: 'utf8',
      env: { NODE_NO_WARNINGS: '1' },
      cwd: '/',
    }).trim()
  }

  const attempts: Readonly<Record<string, string>> = {
    'start a process': `require('child_process').spawnSync('true')`,
    'fork itself': `require('child_process').fork('/dev/null')`,
    'start a thread, which could start processes': `new (require('worker_threads').Worker)('1', { eval: true })`,
    'read the gate’s answer key': `fs.readFileSync(state + '/gate/answer.key')`,
    'read the gate’s store': `fs.readdirSync(state + '/gate/store')`,
    'look into the gate’s directory by a way round': `fs.readdirSync(state + '/mesh/../gate')`,
    'write into the gate’s store': `fs.writeFileSync(state + '/gate/store/CURRENT.new', 'x')`,
    'write beside its own directory': `fs.writeFileSync(state + '/steps', 'x')`,
    'change what the gate remembers outside': `fs.appendFileSync(state + '.steps', ' ')`,
    'make a link to the gate': `fs.symlinkSync(state + '/gate', state + '/mesh/link')`,
    'read the machine that is investigated': `fs.readFileSync(root + '/etc/cron.d/job')`,
    'read what any user may': `fs.readFileSync('/etc/passwd')`,
    'change the program': `fs.appendFileSync(program, ' ')`,
  }

  it('lets the mesh process do nothing that an intruder would want', () => {
    const program = commandLineOf(mesh).find((word) => word.endsWith('mig.js')) ?? ''
    const lines = Object.entries(attempts).map(
      ([
        title,
        attempt,
      ]) => `try { const r = ${attempt}; said[${JSON.stringify(title)}] = r?.error?.code ?? 'done' }
        catch (error) { said[${JSON.stringify(title)}] = error.code }`,
    )
    const said = inItsPlace(
      `const fs = require('fs'), said = {}, [state, root, program] = process.argv.slice(1)
       ${lines.join('\n')}
       console.log(JSON.stringify(said))`,
      agent.state,
      agent.root,
      program,
    )
    expect(JSON.parse(said)).toEqual(
      Object.fromEntries(Object.keys(attempts).map((title) => [title, 'ERR_ACCESS_DENIED'])),
    )
    expect(existsSync(join(agent.state, 'mesh', 'link'))).toBe(false)
  })

  it('lets it read and write what is its own, or the test above would show nothing', () => {
    const said = inItsPlace(
      `const fs = require('fs'); const own = process.argv[1] + '/mesh/'
       fs.writeFileSync(own + 'probe', 'mine'); console.log(fs.readFileSync(own + 'probe', 'utf8')); fs.unlinkSync(own + 'probe')`,
      agent.state,
    )
    expect(said).toBe('mine')
  })

  it('gives neither process a secret on its command line or in its environment', () => {
    expect(readFileSync(`/proc/${mesh}/environ`, 'utf8')).toBe('NODE_NO_WARNINGS=1\0')
    const hex = readFileSync(join(agent.state, 'gate', 'answer.key')).toString('hex')
    for (const pid of [gate.pid, mesh]) {
      expect(readFileSync(`/proc/${pid}/cmdline`).toString('hex')).not.toContain(hex)
    }
  })
})

/** What of a process's open files the kernel lists as a network socket, or as a local one that listens. */
function socketsOf(pid: number): { network: string[]; listening: string[] } {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return [] // closed meanwhile
      }
    }),
  )
  const network: string[] = []
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6', 'udplite', 'icmp', 'packet']) {
    const path = `/proc/${pid}/net/${table}`
    if (!existsSync(path)) continue
    for (const row of readFileSync(path, 'utf8').split('\n').slice(1)) {
      const inode = row.trim().split(/\s+/)[table === 'packet' ? 8 : 9]
      if (inode !== undefined && inodes.has(inode)) network.push(`${table} ${row.trim()}`)
    }
  }
  const listening = readFileSync(`/proc/${pid}/net/unix`, 'utf8')
    .split('\n')
    .slice(1)
    .filter((row) => {
      const [, , , flags = '0', , , inode = ''] = row.trim().split(/\s+/)
      return inodes.has(inode) && (Number.parseInt(flags, 16) & 0x10000) !== 0
    })
  return { network, listening }
}
