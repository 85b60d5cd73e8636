import type { Clock } from '../core/clock.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { MemberNode } from './member.ts'

/** Waits until each of these neighbours has had a session with this node that began after the call, at most so long.
 *  Who opens a session sends first, so its end says that the other side has let everything in by its door (protocol 6.7).
 *  @returns how many of them surely hold by now what this node held when it was called */
export async function handOn(
  peers: readonly PeerId[],
  node: Pick<MemberNode, 'syncWith'>,
  clock: Clock,
  withinMs: number,
): Promise<number> {
  const handed = new Set<PeerId>()
  const tell = async (peer: PeerId): Promise<void> => {
    // A session that runs already may have begun too early: only the next one counts.
    await node.syncWith(peer).catch(() => undefined)
    await node.syncWith(peer)
    handed.add(peer)
  }
  const enough = new AbortController()
  // Whoever left meanwhile is not counted; that is all there is to say of it.
  await Promise.race([
    Promise.allSettled(peers.map(tell)),
    clock.sleep(withinMs, enough.signal).catch(() => undefined),
  ])
  enough.abort()
  return handed.size
}
