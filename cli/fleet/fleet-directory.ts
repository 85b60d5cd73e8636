import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Instant } from '../../node/core/clock.ts'
import { codeOf, MigError } from '../../node/core/error.ts'
import { maxTextFileBytes } from '../../node/core/limits.ts'
import { openRoot, type TrustedRoot } from '../../node/verification/trusted-policy.ts'
import type { Config } from '../config.ts'
import { type CommandContext, migHome } from '../context.ts'
import { bootstrapFileName } from './bootstrap.ts'

/** Where the people who run a fleet keep its root and its policy:
 *
 *      root.mig               signed; its hash is the fleet's name
 *      policy.mig             the policy as it was signed last
 *      policy.json            the same to be edited; `mig policy sign` makes the next policy.mig of it
 *      bootstrap-peers.json   addresses that invitations carry
 *      invitations/           signed invitations, without their private halves
 */
export interface FleetDirectory {
  readonly path: string
  readonly root: TrustedRoot
  readonly files: FleetFiles
}

export interface FleetFiles {
  readonly root: string
  readonly policy: string
  readonly policyJson: string
  readonly bootstrap: string
  readonly invitations: string
}

export function fleetFiles(path: string): FleetFiles {
  return {
    root: join(path, 'root.mig'),
    policy: join(path, 'policy.mig'),
    policyJson: join(path, 'policy.json'),
    bootstrap: join(path, bootstrapFileName),
    invitations: join(path, 'invitations'),
  }
}

/** `--fleet-dir`, else the configuration's `fleet`, else `<mig home>/fleet`. */
export function fleetPath(context: CommandContext, option: string | undefined, config: Config): string {
  return resolve(option ?? config.fleet ?? join(migHome(context.settings), 'fleet'))
}

/** @throws MigError `not-found` when there is no root, `bad-policy` when it is none */
export async function openFleetDirectory(path: string, now: Instant): Promise<FleetDirectory> {
  const files = fleetFiles(path)
  const wire = await readFleetFile(files.root)
  if (wire === undefined) {
    throw new MigError('not-found', `${path} holds no fleet`, {
      hint: 'mig init --fleet-name NAME makes one; --fleet-dir names another directory',
    })
  }
  const verdict = await openRoot(wire, undefined, now)
  if (verdict.kind !== 'accept') throw new MigError('bad-policy', `${files.root}: ${verdict.detail}`)
  return { path, root: verdict.value, files }
}

/** The policy as it was signed last.
 *  @throws MigError `not-found` */
export async function readPolicyWire(fleet: FleetDirectory): Promise<Uint8Array> {
  const wire = await readFleetFile(fleet.files.policy)
  if (wire !== undefined) return wire
  throw new MigError('not-found', `there is no signed policy ${fleet.files.policy}`, {
    hint: 'mig policy sign',
  })
}

/** The policy as it is being edited: JSON, not judged yet.
 *  @throws MigError `not-found`, `bad-json` */
export async function readPolicyJson(fleet: FleetDirectory): Promise<unknown> {
  const path = fleet.files.policyJson
  const bytes = await readFleetFile(path)
  if (bytes === undefined) throw new MigError('not-found', `there is no ${path}`, { hint: 'mig policy edit' })
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new MigError('bad-json', `${path}: ${words}`, { cause })
  }
}

/** Every signed invitation that was made here. */
export async function readInvitations(fleet: FleetDirectory): Promise<readonly Uint8Array[]> {
  let names: string[]
  try {
    names = await readdir(fleet.files.invitations)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
  const wires = await Promise.all(
    names
      .filter((name) => name.endsWith('.mig'))
      .sort()
      .map((name) => readFleetFile(join(fleet.files.invitations, name))),
  )
  return wires.filter((wire) => wire !== undefined)
}

/** Undefined when there is no such file. */
export async function readFleetFile(path: string): Promise<Uint8Array | undefined> {
  try {
    const { size } = await stat(path)
    if (size > maxTextFileBytes) throw new MigError('too-large', `${path} has ${size} bytes`)
    return new Uint8Array(await readFile(path))
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}
