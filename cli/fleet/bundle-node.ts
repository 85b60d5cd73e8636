import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { MigError } from '../../node/core/error.ts'
import type { Config } from '../config.ts'
import { type CommandContext, statePath } from '../context.ts'
import { hasNode } from './node-status.ts'

/** Which node of this machine a bundle is for. */
export interface BundleNode {
  readonly role: 'agent' | 'investigator'
  readonly state: string
}

/** The node in `--state`, else the only one that this user has here.
 *  @throws MigError `usage`, `not-enrolled` */
export async function findBundleNode(
  context: CommandContext,
  config: Config,
  option: string | undefined,
): Promise<BundleNode> {
  if (option !== undefined) {
    const state = resolve(option)
    const role = (await readFile(join(state, 'mesh', 'role'), 'utf8').catch(() => '')).trim()
    if (role === 'agent' || role === 'investigator') return { role, state }
    throw new MigError(
      role === '' ? 'not-enrolled' : 'usage',
      role === ''
        ? `${state} holds no node`
        : `${state} holds a ${role}, bundles are for agents and investigators`,
      { hint: 'mig agent enrol, mig investigator enrol' },
    )
  }
  const found: BundleNode[] = []
  for (const role of ['investigator', 'agent'] as const) {
    const state = resolve(statePath(context, role, config[role]?.state))
    if (await hasNode(state)) found.push({ role, state })
  }
  const [first, second] = found
  if (first === undefined)
    throw new MigError('not-enrolled', 'this machine has no node of yours', {
      hint: 'mig agent enrol, mig investigator enrol, or --state DIR',
    })
  if (second !== undefined)
    throw new MigError('usage', 'an agent and an investigator’s node live here', {
      hint: `say which: --state ${first.state} or --state ${second.state}`,
    })
  return first
}
