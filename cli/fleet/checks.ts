import { connect } from 'node:net'
import type { Role } from '../../node/core/certificate.ts'
import type { Instant } from '../../node/core/clock.ts'
import { MigError, messageOf } from '../../node/core/error.ts'
import { minFreeDiskBytes } from '../../node/core/limits.ts'
import { connectControl } from '../../node/roles/control-socket.ts'
import { openNodeState } from '../../node/roles/enrol.ts'
import { type InvitationView, overused } from '../../node/roles/invitations.ts'
import type { About } from '../../node/roles/service.ts'
import { diskSpace } from '../../node/store/disk-space.ts'
import { openLevelStore } from '../../node/store/level-store.ts'
import type { CommandContext } from '../context.ts'
import { describeClock } from './clock-words.ts'
import type { Finding } from './finding.ts'
import { type NodeStatus, readNodeStatus } from './node-status.ts'
import { describeReach } from './reach-words.ts'

const connectWithinMs = 3000
const expiresSoonMs = 30 * 86_400_000

/** Looks at one node: its files, its certificate, its store, whom it reaches. Nothing is changed.
 *  @param extra bootstrap addresses beside those of the invitation */
export async function checkNode(
  context: CommandContext,
  state: string,
  role: Role,
  extra: readonly string[],
): Promise<readonly Finding[]> {
  const about = `${role} ${state}`
  let status: NodeStatus
  try {
    await checkKeyFiles(state, role)
    status = await readNodeStatus(state, role, context.clock.now())
  } catch (error) {
    return [wrong(about, error)]
  }
  const findings: Finding[] = [
    { about, verdict: 'good', words: `${status.name} ${status.peer}, keys are private` },
  ]
  findings.push(checkCertificate(about, status, context.clock.now()))
  const store = await checkStore(about, state, role)
  findings.push(store.finding, await checkDisk(about, state))
  findings.push(...(await checkReach(about, state, status, store.isInUse, extra)))
  return findings
}

/** Reading each file checks its mode. */
async function checkKeyFiles(state: string, role: Role): Promise<void> {
  const { mesh, gate } = await openNodeState(state, role)
  for (const name of ['peer.key', 'certificate', 'invitation']) {
    if ((await mesh.read(name)) === undefined)
      throw new MigError('not-enrolled', `${mesh.file(name)} is missing`, {
        hint: `mig ${role} enrol <invitation>`,
      })
  }
  for (const name of gate === undefined ? [] : ['answer.key', 'sealing.key', 'certificate']) {
    if ((await gate?.read(name)) === undefined)
      throw new MigError('not-enrolled', `${gate?.file(name)} is missing`, {
        hint: `mig ${role} enrol <invitation>`,
      })
  }
}

function checkCertificate(about: string, status: NodeStatus, now: Instant): Finding {
  const until = Date.parse(status.notafter)
  const anew = `mig invite --role ${status.role}, then mig ${status.role} enrol in another --state`
  if (Date.parse(status.notbefore) > now) {
    return {
      about,
      verdict: 'wrong',
      words: `the clock is before the certificate begins (${status.notbefore})`,
      advice: 'set the clock of this machine',
    }
  }
  if (status.isExpired)
    return { about, verdict: 'wrong', words: `the certificate expired at ${status.notafter}`, advice: anew }
  if (until - now < expiresSoonMs)
    return { about, verdict: 'warning', words: `the certificate expires at ${status.notafter}`, advice: anew }
  return { about, verdict: 'good', words: `certificate until ${status.notafter}` }
}

async function checkStore(
  about: string,
  state: string,
  role: Role,
): Promise<{ readonly finding: Finding; readonly isInUse: boolean }> {
  const { mesh } = await openNodeState(state, role)
  try {
    const store = await openLevelStore(mesh.storeDirectory, { mustExist: true })
    await store.close()
    return {
      finding: { about, verdict: 'good', words: 'the store opens; no node runs on it' },
      isInUse: false,
    }
  } catch (error) {
    if (error instanceof MigError && error.code === 'state-in-use')
      return { finding: { about, verdict: 'good', words: 'a node is running on the store' }, isInUse: true }
    if (error instanceof MigError && error.code === 'not-found') {
      const words = 'there is no store yet: the node has never run'
      return { finding: { about, verdict: 'good', words }, isInUse: false }
    }
    return { finding: wrong(about, error), isInUse: false }
  }
}

async function checkDisk(about: string, state: string): Promise<Finding> {
  const { availableBytes } = await diskSpace(state)
  const words = `${Math.round(availableBytes / 1024 / 1024)} MB are free`
  return availableBytes >= minFreeDiskBytes
    ? { about, verdict: 'good', words }
    : {
        about,
        verdict: 'wrong',
        words: `${words}, ${minFreeDiskBytes / 1024 / 1024} MB are needed`,
        advice: 'free some space; until then new actions are refused',
      }
}

async function checkReach(
  about: string,
  state: string,
  status: NodeStatus,
  isInUse: boolean,
  extra: readonly string[],
): Promise<readonly Finding[]> {
  const { network } = status
  const control = isInUse && status.role === 'investigator' ? await connectControl(state) : undefined
  const known: Finding[] =
    isInUse && network !== undefined
      ? [...describeReach(about, network), ...describeClock(about, network)]
      : []
  if (control !== undefined) {
    try {
      const { policyVersion, aside } = await control.service.about()
      known.push(
        describePolicy(about, policyVersion),
        ...asideFindings(about, aside),
        ...overuseFindings(about, await control.service.invitations()),
      )
    } finally {
      control.close()
    }
  }
  // Links say more than any try from here; without one, where it breaks is to be found.
  if (known.length > 0 && (network === undefined || network.links.length > 0)) return known
  return [...known, ...(await checkBootstrap(about, status, extra))]
}

async function checkBootstrap(
  about: string,
  status: NodeStatus,
  extra: readonly string[],
): Promise<readonly Finding[]> {
  const addresses = [...new Set([...status.bootstrap, ...extra])]
  if (addresses.length === 0) {
    const isHub = status.role === 'relay'
    const words = isHub ? 'dials nobody: others dial it' : 'knows no address to dial first'
    return [
      isHub
        ? { about, verdict: 'good', words }
        : { about, verdict: 'warning', words, advice: 'start it with --bootstrap ADDRESS' },
    ]
  }
  const reached = await Promise.all(
    addresses.map(async (address) => [address, await tryAddress(address)] as const),
  )
  const failed = reached.filter(([, fault]) => fault !== undefined)
  const findings = failed.map(
    ([address, fault]): Finding => ({
      about,
      verdict: failed.length === reached.length ? 'wrong' : 'warning',
      words: `bootstrap peer ${address} does not answer: ${fault}`,
      advice: 'is it running, and does a firewall let this machine out?',
    }),
  )
  const good = reached.length - failed.length
  return good === 0
    ? findings
    : [{ about, verdict: 'good', words: `${good} of ${reached.length} bootstrap peers answer` }, ...findings]
}

function describePolicy(about: string, version: number): Finding {
  return version === 0
    ? { about, verdict: 'wrong', words: 'no policy yet', advice: 'it comes from the first member reached' }
    : { about, verdict: 'good', words: `policy version ${version}` }
}

/** More nodes than an invitation was made for: it may be in other hands. */
export function overuseFindings(about: string, invitations: readonly InvitationView[]): readonly Finding[] {
  return overused(invitations).map(({ id, maxuses, members }) => ({
    about,
    verdict: 'warning',
    words: `${members.length} nodes have come in by invitation ${id.slice(0, 12)}, which was made for ${maxuses}`,
    advice: 'mig invite list names them; mig policy revoke takes a peer out, or the invitation',
  }))
}

/** Answers that count for nothing: somebody should ask why they came. */
export function asideFindings(
  about: string,
  { orphans, contradictions }: About['aside'],
): readonly Finding[] {
  const findings: Finding[] = []
  if (contradictions > 0)
    findings.push({
      about,
      verdict: 'warning',
      words: `${contradictions} agents have signed a second outcome that differs from their first, which counts`,
      advice:
        'mig accounting ID names them: was the machine restored from a copy, or is its answer key in other hands?',
    })
  if (orphans > 0)
    findings.push({
      about,
      verdict: 'warning',
      words: `${orphans} answers to actions that this node does not know are kept apart`,
      advice: 'they count once their action comes; if it does not, who asked?',
    })
  return findings
}

/** Opens a TCP connection and closes it; who stands behind it only a running node can tell.
 *  @returns what went wrong */
export async function tryAddress(address: string): Promise<string | undefined> {
  const parts = /^\/(?:ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})\//.exec(address)
  const [, host, port] = parts ?? []
  if (host === undefined || port === undefined) return 'only TCP addresses can be tried'
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) })
    const end = (fault: string | undefined) => {
      socket.destroy()
      resolve(fault)
    }
    socket.setTimeout(connectWithinMs, () => end(`no answer in ${connectWithinMs / 1000} s`))
    socket.once('connect', () => end(undefined))
    socket.once('error', (error) => end(messageOf(error)))
  })
}

export function wrong(about: string, error: unknown): Finding {
  const advice = error instanceof MigError ? error.hint : undefined
  return { about, verdict: 'wrong', words: messageOf(error), ...(advice === undefined ? {} : { advice }) }
}
