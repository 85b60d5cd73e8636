import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { base64Decode, base64Encode } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import { connectControl } from '../../node/roles/control-socket.ts'
import type { CommandContext } from '../context.ts'
import { makeDemoFleet } from '../demo/fleet.ts'
import { machines, writeMachine } from '../demo/machines.ts'
import { createProcesses } from '../demo/processes.ts'
import { signDocument } from '../fleet/sign-document.ts'
import { chooseSigner } from '../signing.ts'
import { allAnswered, type Figure, median, milliseconds } from './figures.ts'
import { question } from './question.ts'
import type { BenchSize } from './size.ts'

const loopback = '/ip4/127.0.0.1/tcp/0'

/** Agents with all their processes, a relay and an investigator's node on loopback. Linux only: it reads /proc. */
export async function benchReal(
  context: CommandContext,
  home: string,
  environment: Readonly<Record<string, string>>,
  size: BenchSize,
): Promise<readonly Figure[]> {
  const { clock, terminal } = context
  const { realAgents: agents, rounds, settleMs, pauseMs } = size
  const processes = createProcesses(context.command, environment, undefined)
  try {
    const fleet = await makeDemoFleet(context, home)
    const relay = await fleet.enrol('relay', 'relay', {}, [])
    const address = await processes.node(
      'relay',
      ['relay', 'start', '--state', relay.path, '--listen', loopback],
      'listening on ',
    )
    const investigator = await fleet.enrol('investigator', 'laptop', {}, [address])
    await processes.node(
      'investigator',
      ['investigator', 'start', '--state', investigator.path, '--listen', loopback],
      'ready',
    )
    for (let i = 0; i < agents; i++) {
      const machine = { ...(machines[i % machines.length] as (typeof machines)[number]), name: `agent${i}` }
      const root = await writeMachine(join(home, 'machines'), machine)
      const state = await fleet.enrol('agent', machine.name, machine.tags, [address])
      await processes.node(
        machine.name,
        ['agent', 'start', '--state', state.path, '--root', root, '--listen', loopback],
        'ready',
      )
      terminal.progress(`real processes: ${i + 1} of ${agents} agents`)
    }
    const control = await connectControl(investigator.path)
    if (control === undefined) throw new MigError('internal', 'the investigator’s node does not answer')
    const { service } = control
    while ((await service.agents()).length < agents) await clock.sleep(100, context.signal)
    await clock.sleep(settleMs)
    const signer = await chooseSigner(context, { gpg: false, key: fleet.alice })
    const ask = async () => {
      const draft = await service.draft(question)
      const wire = await signDocument('mig.action.v3', base64Decode(draft.body) ?? new Uint8Array(0), [
        signer,
      ])
      const started = clock.monotonicMs()
      const { id } = await service.send({ wire: base64Encode(wire) })
      let first: number | undefined
      let seen = 0
      for (;;) {
        const { silent, expected, answered } = await service.accounting(id)
        const passed = clock.monotonicMs() - started
        if (silent.length < expected) first ??= passed
        if (silent.length === 0) {
          allAnswered({ expected, answered: answered.length }, agents)
          return { firstMs: first ?? passed, lastMs: passed }
        }
        if (passed > 60_000)
          throw new MigError('timeout', `silent: ${silent.map((line) => line.name).join(', ')}`)
        seen = await service.changes(id, seen, 1000)
      }
    }
    await ask()
    const asked = []
    for (let round = 0; round < rounds; round++) {
      await clock.sleep(pauseMs)
      asked.push(await ask())
    }
    const figures: Figure[] = [
      {
        what: `\`file\` over ${agents} real agents on loopback, first answer`,
        value: milliseconds(median(asked.map((one) => one.firstMs))),
      },
      {
        what: `\`file\` over ${agents} real agents on loopback, all answered`,
        value: milliseconds(median(asked.map((one) => one.lastMs))),
        aim: '3 s',
      },
    ]
    if (process.platform === 'linux') figures.push(...(await idleFigures(context, processes.pids(), size)))
    control.close()
    return figures
  } finally {
    await processes.stopAll()
  }
}

/** Memory and processor time of processes that have nothing to do. */
async function idleFigures(
  { clock, terminal, signal }: CommandContext,
  pids: ReadonlyMap<string, number>,
  { restMs, idleSeconds: seconds }: BenchSize,
): Promise<readonly Figure[]> {
  const agent = pids.get('agent0')
  const investigator = pids.get('investigator')
  if (agent === undefined || investigator === undefined) return []
  await clock.sleep(restMs, signal)
  const members = [agent, await meshProcessOf(agent)]
  const before = await Promise.all(members.map(cpuMs))
  terminal.progress(`idle for ${seconds} s`)
  await clock.sleep(seconds * 1000, signal)
  const after = await Promise.all(members.map(cpuMs))
  const used = after.reduce((sum, value, i) => sum + value - (before[i] ?? 0), 0)
  const resident = await Promise.all(members.map(residentMb))
  return [
    {
      what: 'resident memory of an idle agent, gate + mesh',
      value: `${resident.join(' + ')} = ${resident.reduce((a, b) => a + b, 0)} MB`,
      aim: '190 MB',
    },
    { what: 'resident memory of an investigator’s node', value: `${await residentMb(investigator)} MB` },
    {
      what: `processor time of an idle agent over ${seconds} s`,
      value: `${(used / seconds).toFixed(1)} ms/s`,
    },
  ]
}

/** A gate's other child, the module host, comes and goes. */
async function meshProcessOf(gate: number): Promise<number> {
  const children = await readFile(`/proc/${gate}/task/${gate}/children`, 'utf8')
  for (const pid of children.trim().split(' ')) {
    // It may have ended since.
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (commandLine.includes('\0agent\0mesh\0')) return Number(pid)
  }
  throw new MigError('internal', 'the agent has no mesh process')
}

/** proc(5) counts in ticks of 10 ms. */
async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
}
