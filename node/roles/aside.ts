import { ByteReader, concat, prefixed } from '../core/bytes.ts'
import type { Clock, Instant } from '../core/clock.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { formatInstant, parseInstant } from '../core/instant.ts'
import { maxActionSpanSeconds, maxAsidePeer, maxAsideResults } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { contradiction, contradictionRange, keyParts, orphan, orphanRange } from '../store/keyspace.ts'
import type { Change, Store } from '../store/store.ts'

/** Results that a collector keeps apart: they are verified, count for nothing, and are given to nobody. */
export interface Aside {
  /** Of an action that this node does not know, or not any more (security V79). Of each peer the latest few are kept. */
  keepOrphan(actionId: string, peer: PeerId, wire: Uint8Array): Promise<void>
  /** Gives what waited for this action, which has come, and forgets it here. */
  takeOrphans(actionId: string): Promise<readonly Uint8Array[]>
  /** A second, different outcome of an agent, which has signed both: the first of these is kept as the proof (security V78). */
  keepContradiction(actionId: string, peer: PeerId, wire: Uint8Array): Promise<void>
  /** Who has given two different outcomes. */
  contradicting(actionId: string): ReadonlySet<PeerId>
  counts(): { readonly orphans: number; readonly contradictions: number }
  /** The action's time is over. */
  forget(actionId: string): Promise<void>
}

export async function openAside(store: Store, clock: Clock): Promise<Aside> {
  /** When each came, oldest first. */
  const orphans = new Map<string, Instant>()
  const contradictions = new Map<string, Set<PeerId>>()
  const peerOf = (key: string) => keyParts(key)[1] as PeerId

  const found: (readonly [string, Instant])[] = []
  for await (const [key, value] of store.entries(orphanRange()))
    found.push([key, cameAt(value) ?? clock.now()])
  for (const [key, at] of found.sort(([, a], [, b]) => a - b)) orphans.set(key, at)
  for await (const key of store.keys(contradictionRange())) note(key)

  function note(key: string): void {
    const [actionId = ''] = keyParts(key)
    contradictions.set(actionId, (contradictions.get(actionId) ?? new Set()).add(peerOf(key)))
  }

  /** The oldest go: those that no action can come for any more, then a peer's own surplus, then whatever is too much. */
  function surplus(peer: PeerId): readonly string[] {
    const horizon = clock.now() - maxActionSpanSeconds * 1000
    const keys = [...orphans.keys()]
    const gone = new Set(keys.filter((key) => (orphans.get(key) ?? horizon) < horizon))
    const ofPeer = keys.filter((key) => peerOf(key) === peer && !gone.has(key))
    for (const key of ofPeer.slice(0, Math.max(0, ofPeer.length - maxAsidePeer))) gone.add(key)
    const left = keys.filter((key) => !gone.has(key))
    for (const key of left.slice(0, Math.max(0, left.length - maxAsideResults))) gone.add(key)
    return [...gone]
  }

  return {
    async keepOrphan(actionId, peer, wire) {
      const key = orphan(actionId, peer)
      const at = clock.now()
      orphans.delete(key)
      orphans.set(key, at)
      const gone = surplus(peer)
      for (const old of gone) orphans.delete(old)
      const value = concat([prefixed(utf8(formatInstant(at))), wire])
      await store.write([{ put: key, value }, ...gone.map((old): Change => ({ delete: old }))], {
        sync: false,
      })
    },
    async takeOrphans(actionId) {
      const wires: Uint8Array[] = []
      const changes: Change[] = []
      for await (const [key, value] of store.entries(orphanRange(actionId))) {
        const time = new ByteReader(value).prefixed(maxTimeBytes)
        if (time !== undefined) wires.push(value.slice(prefixed(time).length))
        changes.push({ delete: key })
        orphans.delete(key)
      }
      if (changes.length > 0) await store.write(changes, { sync: false })
      return wires
    },
    async keepContradiction(actionId, peer, wire) {
      if (contradictions.get(actionId)?.has(peer) === true) return
      const key = contradiction(actionId, peer)
      note(key)
      await store.write([{ put: key, value: wire }], { sync: false })
    },
    contradicting: (actionId) => contradictions.get(actionId) ?? new Set(),
    counts: () => ({
      orphans: orphans.size,
      contradictions: [...contradictions.values()].reduce((sum, peers) => sum + peers.size, 0),
    }),
    async forget(actionId) {
      const peers = contradictions.get(actionId)
      if (peers === undefined) return
      contradictions.delete(actionId)
      const changes = [...peers].map((peer): Change => ({ delete: contradiction(actionId, peer) }))
      await store.write(changes, { sync: false })
    },
  }
}

const maxTimeBytes = 32

function cameAt(value: Uint8Array): Instant | undefined {
  return parseInstant(utf8Decode(new ByteReader(value).prefixed(maxTimeBytes) ?? new Uint8Array(0)) ?? '')
}
