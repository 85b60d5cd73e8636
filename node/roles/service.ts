import type { Accounting, Expected } from '../core/accounting.ts'
import type { Json } from '../core/canonical-json.ts'
import type { Outcome } from '../core/outcome.ts'
import type { SealedModuleResult } from '../core/result.ts'
import type { Tally } from './action-updates.ts'
import type { BundleSelection } from './bundle-select.ts'
import type { DoorTally } from './bundle-tally.ts'
import type { InvitationView } from './invitations.ts'

/** Everything that a person can do through an investigator's node. Plain data in and out: the same interface stands
 *  behind the local socket and, when no node is running, in the command's own process. Bytes are base64. */
export interface InvestigatorService {
  about(): Promise<About>
  /** Waits until the node has synced with somebody, at most `rosterWaitMs`. */
  ready(): Promise<{ readonly links: number; readonly waitedMs: number }>
  agents(): Promise<readonly AgentView[]>
  members(): Promise<readonly MemberView[]>
  invitations(): Promise<readonly InvitationView[]>
  draft(request: DraftRequest): Promise<Draft>
  /** Freezes the expected set, keeps the reply key, lets the action in by the door and sends it. */
  send(request: SendRequest): Promise<Sent>
  /** Who would have to sign still, and how many are expected. */
  explain(wire: string): Promise<Explanation>
  actions(): Promise<readonly ActionView[]>
  action(id: string): Promise<{ readonly view: ActionView; readonly wire: string; readonly body: Json }>
  results(id: string): Promise<readonly ResultView[]>
  /** The whole result of one agent, fetched from it or from another investigator's node if the summary did not hold it. */
  detail(id: string, agent: string): Promise<ResultView>
  accounting(id: string): Promise<Accounting>
  cancel(wire: string): Promise<{ readonly recipients: number }>
  /** Lets a signed policy, root or invitation in and spreads it; waits for the neighbours to take it, at most `handOnWaitMs`. */
  publish(kind: 'root' | 'policy' | 'invitation', wire: string): Promise<Published>
  /** Answers that have come or changed after the change `after` (0: all), a page of them, and the account in numbers. */
  updates(id: string, after: number): Promise<Updates>
  /** Lets the items of one block of a bundle in by the door, each judged for itself.
   *  @param items a frame of items (protocol 6.6) in base64 */
  importItems(items: string): Promise<{ readonly tally: DoorTally; readonly rejects: number }>
  /** Chooses what goes into a bundle; `nextExport` then gives it piece by piece, `null` when that was all. */
  beginExport(
    selection: BundleSelection,
  ): Promise<{ readonly id: string; readonly counts: Readonly<Record<string, number>> }>
  nextExport(id: string): Promise<string | null>
  /** The next change of an action's answers, or after `timeoutMs` anyway. `after` is the last change seen. */
  changes(id: string, after: number, timeoutMs: number): Promise<number>
}

export interface Updates {
  /** Ask for what comes after this next. */
  readonly change: number
  /** There is more to be had at once. */
  readonly more: boolean
  readonly results: readonly ResultView[]
  readonly tally: Tally
}

export interface Published {
  /** Neighbours to whom gossip gave it at once. */
  readonly recipients: number
  /** Neighbours that are members. */
  readonly links: number
  /** Those of them who surely hold it. */
  readonly handed: number
}

export interface About {
  readonly fleet: string
  readonly fleetName: string | undefined
  readonly name: string
  readonly peer: string
  readonly policyVersion: number
  readonly policyHash: string | undefined
  /** Results kept apart: of actions unknown here, and second outcomes that differ from the first. */
  readonly aside: { readonly orphans: number; readonly contradictions: number }
  readonly addresses: readonly string[]
  readonly rootWire: string | undefined
  readonly policyWire: string | undefined
}

export interface AgentView {
  readonly id: string
  readonly name: string
  readonly status: string
  readonly version: string
  readonly mode: string
  readonly os: string
  readonly arch: string
  readonly ident: string
  readonly pid: number
  readonly starttime: string
  readonly heartbeattime: string
  readonly tags: Readonly<Record<string, string>>
  readonly environment: Json
  readonly addresses: readonly string[]
  readonly policyversion: number
  readonly outbox: number
  /** Where its clock did not agree when this node last met it directly; negative when behind. */
  readonly clockAheadMinutes?: number
}

export interface MemberView {
  readonly peer: string
  readonly name: string | undefined
  readonly role: string
  readonly address: string
  /** `LAN`: at an address that the Internet does not route. */
  readonly how: 'direct' | 'LAN' | 'relayed'
  /** Through whose relay, by name where it is known. */
  readonly relay?: string
  readonly direction: string
  readonly connectedForMs: number
  /** What this node has relayed for it, where it relays. */
  readonly carried?: {
    readonly circuits: number
    readonly sentBytes: number
    readonly receivedBytes: number
  }
}

export interface DraftRequest {
  readonly name: string
  readonly target: string
  readonly operations: readonly { readonly module: string; readonly parameters: Json }[]
  readonly expireSeconds: number
  /** Fingerprint of the person who drafts: may stop it. */
  readonly drafter?: string
  readonly readers?: readonly string[]
  readonly targetFound?: string
  readonly targetNotFound?: string
  readonly limits?: {
    readonly wallseconds?: number
    readonly matches?: number
    readonly summarybytes?: 4096 | 16384 | 32768
  }
  readonly case?: string
  readonly description?: Json
  readonly threat?: Json
}

export interface Draft {
  readonly id: string
  /** Canonical body. */
  readonly body: string
  /** The reply key's private half, encrypted to the readers; for the action file. */
  readonly replyKeys: readonly string[]
  /** People with weight in the action's modules who cannot read the answers: no encryption key. */
  readonly unableToRead: readonly string[]
}

export interface SendRequest {
  /** Envelope: body and signatures. */
  readonly wire: string
  /** Private half of the reply key where this node does not have it: the action was drafted elsewhere. */
  readonly replySeed?: string
}

export interface Sent {
  readonly id: string
  readonly expected: readonly Expected[]
  /** Neighbours that heard of it at once. */
  readonly recipients: number
  readonly canRead: boolean
}

export interface Explanation {
  readonly id: string
  readonly signers: readonly string[]
  readonly operations: readonly {
    readonly module: string
    readonly granted: boolean
    readonly words: string
  }[]
  readonly expected: readonly Expected[]
}

export interface ActionView {
  readonly id: string
  readonly name: string
  readonly target: string
  readonly modules: readonly string[]
  readonly signers: readonly string[]
  readonly issuedat: string
  readonly validfrom: string
  readonly expireafter: string
  readonly origin: string
  readonly mine: boolean
  readonly cancelled: boolean
}

export interface ResultView {
  readonly action: string
  readonly peer: string
  readonly agent: string
  readonly outcome: Outcome
  readonly startedat: string
  readonly endedat: string
  /** Absent when this node does not hold the reply key. */
  readonly results?: readonly SealedModuleResult[]
  readonly modules: readonly string[]
  /** Its signer has also signed another outcome. */
  readonly contradicted?: boolean
  readonly found?: readonly number[]
  readonly truncated?: boolean
  readonly reason?: string
  /** Pages that hold what the summary does not. */
  readonly detailPages?: number
}
