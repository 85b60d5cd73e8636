import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { type Role, roles } from '../../node/core/certificate.ts'
import { type Config, configKeys, loadConfig } from '../config.ts'
import { type CommandContext, statePath } from '../context.ts'
import { Exit } from '../exit.ts'
import { readBootstrapPeers } from '../fleet/bootstrap.ts'
import { checkNode, wrong } from '../fleet/checks.ts'
import type { Finding } from '../fleet/finding.ts'
import { fleetFiles, fleetPath } from '../fleet/fleet-directory.ts'
import { checkFleet, checkMachine } from '../fleet/machine-checks.ts'
import { hasNode } from '../fleet/node-status.ts'

interface DoctorOptions {
  readonly state?: string
  readonly bootstrap?: readonly string[]
  readonly config?: boolean
  readonly json?: boolean
}

/** Looks at everything of this project on this machine and says what to do; exit code 1 when something is wrong. */
export function define(command: Command, context: CommandContext): void {
  command
    .option('--state <dir>', 'look at the node in this directory; default: every node under MIG_HOME')
    .option('--bootstrap <address...>', 'members that the nodes are started with')
    .option('--config', 'print every configuration key with its default')
    .option('--json', 'print as JSON')
    .action(async (options: DoctorOptions) => {
      if (options.config === true) return showConfig(context, options.json === true)
      const findings = await look(context, options)
      const isWrong = findings.some(({ verdict }) => verdict === 'wrong')
      if (options.json === true)
        context.terminal.raw(`${JSON.stringify({ healthy: !isWrong, findings }, null, 2)}\n`)
      else {
        for (const { about, verdict, words, advice } of findings) {
          context.terminal.out(`${verdict.padEnd(7)}  ${about}: ${words}`)
          if (advice !== undefined) context.terminal.out(`         do: ${advice}`)
        }
      }
      if (isWrong) throw new Exit(1)
    })
}

async function look(context: CommandContext, options: DoctorOptions): Promise<readonly Finding[]> {
  let config: Config = {}
  const faults: Finding[] = []
  try {
    config = await loadConfig(context)
  } catch (error) {
    faults.push(wrong('configuration', error))
  }
  const findings: Finding[] = [...(await checkMachine(context, config.gpg)), ...faults]
  const fleet = fleetPath(context, undefined, config)
  if ((await stat(fleetFiles(fleet).root).catch(() => undefined)) !== undefined)
    findings.push(...(await checkFleet(context, fleet)))
  let nodes = 0
  for (const role of roles) {
    const state = resolve(statePath(context, role, options.state ?? config[role]?.state))
    if (!(await isOf(state, role, options.state !== undefined))) continue
    nodes++
    try {
      const peers = await readBootstrapPeers(context, options.bootstrap ?? config[role]?.bootstrap)
      findings.push(...(await checkNode(context, state, role, peers)))
    } catch (error) {
      findings.push(wrong(`${role} ${state}`, error))
    }
  }
  if (nodes === 0) {
    findings.push({
      about: 'nodes',
      verdict: options.state === undefined ? 'warning' : 'wrong',
      words:
        options.state === undefined ? 'no node is enrolled here' : `no node is enrolled in ${options.state}`,
      advice: 'mig init makes a fleet; mig agent enrol LINE makes this machine a member of one',
    })
  }
  return findings
}

/** A named directory belongs to one role, which stands in it. */
async function isOf(state: string, role: Role, isNamed: boolean): Promise<boolean> {
  if (!(await hasNode(state))) return false
  if (!isNamed) return true
  return (await readFile(join(state, 'mesh', 'role'), 'utf8').catch(() => '')).trim() === role
}

function showConfig(context: CommandContext, asJson: boolean): void {
  if (asJson) {
    context.terminal.raw(`${JSON.stringify(configKeys, null, 2)}\n`)
    return
  }
  for (const { key, fallback, about } of configKeys) context.terminal.out(`${key} = ${fallback}  # ${about}`)
}
