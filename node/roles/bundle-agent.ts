import { createHash } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import { z } from 'zod'
import { modules } from '../../modules/registry.ts'
import { ignore } from '../core/admission.ts'
import type { Clock } from '../core/clock.ts'
import { base32Encode } from '../core/encoding.ts'
import { encodeEnvelope } from '../core/envelope.ts'
import { maxBundleRejects, maxDetailPages, maxKeptPageBytes } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { connectGate } from '../gate/gate-link.ts'
import { openLevelStore } from '../store/level-store.ts'
import type { Item } from '../sync/item.ts'
import { openAside } from './aside.ts'
import { createBundleWriter, readBundle } from './bundle-format.ts'
import type { BundlePage } from './bundle-pages.ts'
import { actionFilter, type BundleSelection, chooseItems } from './bundle-select.ts'
import { createTallier, tallySchema } from './bundle-tally.ts'
import { openCarried } from './carried.ts'
import { createDoor } from './door.ts'
import type { DoorContext } from './door-context.ts'
import { type NodeState, needFile } from './enrol.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { createPacedGate, type PacedGate } from './paced-gate.ts'
import { reloadLedger } from './reload-ledger.ts'
import { openShelf } from './shelf.ts'

/** What an import came to. */
export const importReportSchema = z.strictObject({
  /** Of the bundle; undefined when not even that could be read. */
  fleet: z.string().max(64).optional(),
  tally: tallySchema,
  bytes: z.int().min(0).optional(),
  /** Why and at which byte reading ended before the end. */
  damaged: z.strictObject({ position: z.int().min(0), reason: z.string().max(512) }).optional(),
})
export type ImportReport = z.output<typeof importReportSchema>

export const exportReportSchema = z.strictObject({
  counts: z.record(z.string().max(32), z.int().min(0)),
  bytes: z.int().min(0),
})
export type ExportReport = z.output<typeof exportReportSchema>

interface Ports {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly log: (event: string, details?: Record<string, unknown>) => void
}

type Line = { readonly input: Readable; readonly output: Writable; readonly onEnd: () => void }

/** The side of an agent that judges what comes in, without any network: door, shelf and ledger as in the mesh process, on the same store,
 *  and its gate behind the same line. Nothing of the mesh is loaded.
 *  @throws MigError `state-in-use` while the agent runs */
async function openOffline(state: NodeState, gate: PacedGate, { clock, log }: Ports) {
  const store = await openLevelStore(state.mesh.storeDirectory)
  const { fleet, peerid: self, role } = state.certificate
  const shelf = await openShelf(store)
  const ledger = createLedger()
  const context: DoorContext = {
    fleet,
    self,
    role,
    ledger,
    shelf,
    clock,
    knownModules: new Set(modules.map((module) => module.name)),
    carried: await openCarried(shelf),
    aside: await openAside(store, clock),
    contradicted: () => undefined,
    carriesFor: () => false,
    ownReceipt: (wire) => gate.offerReceipt(wire),
    ownHeartbeat: (wire) => gate.offerHeartbeat(wire),
    neighbourHeartbeat: () => false,
    log,
  }
  await reloadLedger(context)
  return { store, shelf, ledger, door: createDoor(context, () => undefined) }
}

/** Lets a bundle in and has what is asked of this machine run, one after another. */
export async function importAtAgent(
  state: NodeState,
  bundle: AsyncIterable<Uint8Array>,
  line: Line,
  ports: Ports,
): Promise<ImportReport> {
  const gate = gateOf(line, ports.clock)
  const { store, ledger, door } = await openOffline(state, gate, ports)
  const tallier = createTallier()
  let report: Omit<ImportReport, 'tally'> = {}
  for await (const part of readBundle(bundle)) {
    if (part.kind === 'header') {
      report = { fleet: part.fleet }
      if (part.fleet !== state.certificate.fleet) break
    } else if (part.kind === 'items') {
      for (const item of part.items) tallier.count(item.kind, await door.enter(item, { via: 'file' }))
      if (tallier.rejects > maxBundleRejects) {
        report = { ...report, damaged: tooManyRejects(part.position) }
        break
      }
    } else if (part.kind === 'pages') {
      // An agent keeps nobody's pages.
      for (const _ of part.pages)
        tallier.count('page', ignore('not-permitted', 'pages are for investigators'))
    } else if (part.kind === 'end') report = { ...report, bytes: part.bytes }
    else report = { ...report, damaged: { position: part.position, reason: part.reason } }
  }
  await runWhatIsHeld(ledger, gate, ports.signal)
  await store.close()
  return { ...report, tally: tallier.read() }
}

/** Offers the gate all that is on the shelf, not only what has just come: one that was stopped midway goes on. */
async function runWhatIsHeld(ledger: Ledger, gate: PacedGate, signal: AbortSignal): Promise<void> {
  if (ledger.root !== undefined && ledger.policy !== undefined)
    await gate.offerPolicy(ledger.root.bytes, ledger.policy.bytes)
  for (const cancels of ledger.cancels.values()) {
    for (const { envelope } of cancels) await gate.offerCancel(encodeEnvelope(envelope))
  }
  for (const { envelope } of ledger.actions.values()) await gate.offerAction(encodeEnvelope(envelope))
  await gate.runPending(() => true, signal)
}

/** Writes what this agent has to say, or what it carries, with what is needed to judge it. */
export async function exportAtAgent(
  state: NodeState,
  selection: BundleSelection,
  write: (bytes: Uint8Array) => Promise<void>,
  line: Line,
  ports: Ports,
): Promise<ExportReport> {
  const gate = gateOf(line, ports.clock)
  const node = await openOffline(state, gate, ports)
  // A gate remembers outcomes, but gives each refusal anew after a start.
  await runWhatIsHeld(node.ledger, gate, ports.signal)
  const writer = await createBundleWriter(state.certificate.fleet, write)
  const counts: Record<string, number> = {}
  const add = async (item: Item) => {
    counts[item.kind] = (counts[item.kind] ?? 0) + 1
    await writer.add(item)
  }
  const chosen = chooseItems(node, selection, ports.clock.now())
  for (const { kind, key } of chosen) {
    const held = await node.shelf.get(kind, key)
    if (held !== undefined) await add({ kind, bytes: held.bytes })
  }
  for (const item of await ownItems(state, selection, actionFilter(node.ledger, selection), gate))
    await add(item)
  if (selection.pages === true && selection.to === 'investigators') {
    const means = actionFilter(node.ledger, selection)
    for await (const page of ownPages(state.certificate.peerid, means, gate)) {
      counts.page = (counts.page ?? 0) + 1
      await writer.addPage(page)
    }
  }
  const bytes = await writer.finish()
  await node.store.close()
  return { counts, bytes }
}

async function ownItems(
  state: NodeState,
  selection: BundleSelection,
  means: (actionId: string) => boolean,
  gate: PacedGate,
): Promise<readonly Item[]> {
  const papers: Item[] = [
    { kind: 'invitation', bytes: await needFile(state.mesh, 'invitation') },
    { kind: 'certificate', bytes: state.certificateWire },
  ]
  if (selection.to === 'agents') return papers
  const answers = (await gate.outbox()).filter(({ actionId }) => means(actionId))
  return [
    ...papers,
    { kind: 'heartbeat', bytes: await gate.heartbeat([]) },
    ...answers.map(({ kind, wire }): Item => ({ kind, bytes: wire })),
  ]
}

/** The pages of answers that wait for a receipt; those of one result together or not at all, and in all no more than an
 *  investigator's node keeps. Read twice, for the digest stands in each: a result may have 16 MiB. */
async function* ownPages(
  peer: PeerId,
  means: (actionId: string) => boolean,
  gate: PacedGate,
): AsyncGenerator<BundlePage> {
  let leftBytes = maxKeptPageBytes
  for (const { kind, actionId } of await gate.outbox()) {
    if (kind !== 'result' || !means(actionId)) continue
    const hash = createHash('sha256')
    let [pages, bytes] = [0, 0]
    for (let sealed = await gate.detailPage(actionId, 0); sealed !== undefined; ) {
      hash.update(sealed)
      bytes += sealed.length
      sealed = ++pages < maxDetailPages ? await gate.detailPage(actionId, pages) : undefined
    }
    if (pages === 0 || bytes > leftBytes) continue
    leftBytes -= bytes
    const announced = { pages, sha256: base32Encode(hash.digest()) }
    for (let page = 0; page < pages; page++) {
      const sealed = await gate.detailPage(actionId, page)
      if (sealed !== undefined) yield { actionId, peer, announced, page, sealed }
    }
  }
}

function gateOf({ input, output, onEnd }: Line, clock: Clock): PacedGate {
  return createPacedGate(connectGate(input, output, onEnd), clock)
}

function tooManyRejects(position: number): { position: number; reason: string } {
  return { position, reason: `more than ${maxBundleRejects} items are none of any honest node` }
}
