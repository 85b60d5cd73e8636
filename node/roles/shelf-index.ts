import { keyParts } from '../store/keyspace.ts'
import type { ItemKind } from '../sync/item.ts'
import type { Mark } from '../sync/mark.ts'
import { type MarkSet, MarkTree } from '../sync/mark-tree.ts'

/** What is compared with others as one set. Certificates of agents are kept apart: they travel with what agents say, so nobody
 *  compares them, and an ordinary member need not hear of the whole fleet (protocol 1.4). */
export type SetName = ItemKind | 'agent-certificate'

/** Which marks a node has, under which keys: in memory, because every session asks. Keys are held as pairs of parts that many of them
 *  share, an action and a peer, and a mark is one string, here and in the tree. */
export class ShelfIndex {
  readonly #sets = new Map<SetName, MarkTree>()
  readonly #marks = new Map<ItemKind, Map<string, Map<string, Mark>>>()
  readonly #peers = new Map<string, string>()

  set(name: SetName): MarkSet {
    return this.#sets.get(name) ?? nothing
  }

  /** Whatever stood under the key has gone from its set. */
  add(set: SetName, key: string, mark: Mark): void {
    const kind = kindOf(set)
    this.remove(kind, key)
    const [first, second] = partsOf(key)
    const groups = this.#marks.get(kind) ?? new Map<string, Map<string, Mark>>()
    this.#marks.set(kind, groups)
    const group = groups.get(first) ?? new Map<string, Mark>()
    groups.set(first, group)
    group.set(this.#shared(second), mark)
    const tree = this.#sets.get(set) ?? new MarkTree()
    this.#sets.set(set, tree)
    tree.add(mark)
  }

  remove(kind: ItemKind, key: string): void {
    const [first, second] = partsOf(key)
    const groups = this.#marks.get(kind)
    const group = groups?.get(first)
    const mark = group?.get(second)
    if (mark === undefined) return
    group?.delete(second)
    if (group?.size === 0) groups?.delete(first)
    for (const set of setsOf(kind)) this.#sets.get(set)?.remove(mark)
  }

  markOf(kind: ItemKind, key: string): Mark | undefined {
    const [first, second] = partsOf(key)
    return this.#marks.get(kind)?.get(first)?.get(second)
  }

  /** The set that this mark is in. */
  setOf(kind: ItemKind, mark: Mark): SetName {
    return setsOf(kind).find((set) => this.#sets.get(set)?.has(mark)) ?? kind
  }

  /** In the order in which they came, action by action.
   *  @param first only of this action, where keys begin with one */
  keys(kind: ItemKind, first?: string): readonly string[] {
    const groups = this.#marks.get(kind)
    if (groups === undefined) return []
    const chosen = first === undefined ? [...groups] : [[first, groups.get(first)] as const]
    return chosen.flatMap(([one, group]) =>
      [...(group?.keys() ?? [])].map((two) => (two === '' ? `${kind}/${one}` : `${kind}/${one}/${two}`)),
    )
  }

  count(kind: ItemKind): number {
    return setsOf(kind).reduce((sum, set) => sum + this.set(set).count(''), 0)
  }

  /** One copy of each peer id, however many answers it has. */
  #shared(peer: string): string {
    const held = this.#peers.get(peer)
    if (held !== undefined) return held
    this.#peers.set(peer, peer)
    return peer
  }
}

const nothing: MarkSet = new MarkTree()

export function kindOf(set: SetName): ItemKind {
  return set === 'agent-certificate' ? 'certificate' : set
}

function setsOf(kind: ItemKind): readonly SetName[] {
  return kind === 'certificate' ? ['certificate', 'agent-certificate'] : [kind]
}

function partsOf(key: string): readonly [string, string] {
  const [first = '', second = ''] = keyParts(key)
  return [first, second]
}
