import { createHash } from 'node:crypto'
import { leafMarks } from '../core/limits.ts'
import type { Mark } from './mark.ts'

/** What reconciliation asks of a set of marks. A prefix is the first hex digits of marks; '' is the whole set. */
export interface MarkSet {
  has(mark: Mark): boolean
  count(prefix: string): number
  /** 64 hex digits over exactly the marks under the prefix; '' where there are none. */
  fingerprint(prefix: string): string
  /** Ascending. */
  under(prefix: string): Iterable<Mark>
}

/** A set of marks with fingerprints of every part of it: a tree by hex digit, whose shape depends on the set alone, so that two
 *  nodes that hold the same marks have the same fingerprints, in whatever order they came.
 *
 *  The fingerprint of a part with at most `leafMarks` marks is SHA-256 over `leaf` and the marks in ascending order; that of a larger
 *  one SHA-256 over `node` and the fingerprints of its sixteen children. Two different sets with one fingerprint would be a
 *  collision of SHA-256 (the argument of Merkle trees: both forms begin differently, and each has one reading). A sum of hashes, as
 *  other protocols have it, would be cheaper to keep, but a member that may add items of its own can find some that balance the
 *  sum over two sets (Wagner's generalised birthday, 2^31 steps against 256 bits with 2^16 items), and so hide another's item.
 *
 *  Adding and removing cost the depth of the tree, log16(n); hashing is put off until a fingerprint is asked for, and redone only on
 *  changed paths. Some 26 bytes an item beside the mark itself, which is shared with whoever made it. */
export class MarkTree implements MarkSet {
  readonly #root = aLeaf()

  static of(marks: Iterable<Mark>): MarkTree {
    const tree = new MarkTree()
    for (const mark of marks) tree.add(mark)
    return tree
  }

  get size(): number {
    return this.#root.size
  }

  /** @returns whether it is new */
  add(mark: Mark): boolean {
    if (this.has(mark)) return false
    let part = this.#root
    for (let depth = 0; ; depth++) {
      part.size++
      part.fingerprint = undefined
      if (part.children === undefined) {
        part.marks.splice(placeOf(part.marks, mark), 0, mark)
        if (part.size > leafMarks) split(part, depth)
        return true
      }
      const digit = digitAt(mark, depth)
      part = part.children[digit] ??= aLeaf()
    }
  }

  /** @returns whether it was there */
  remove(mark: Mark): boolean {
    if (!this.has(mark)) return false
    let part: Part | undefined = this.#root
    for (let depth = 0; part !== undefined; depth++) {
      part.size--
      part.fingerprint = undefined
      if (part.children === undefined) {
        part.marks.splice(placeOf(part.marks, mark), 1)
        return true
      }
      // What has become small is a leaf again, or its shape would tell its history.
      if (part.size <= leafMarks) {
        part.marks = [...marksOf(part, '')].filter((other) => other !== mark)
        part.children = undefined
        return true
      }
      part = part.children[digitAt(mark, depth)]
    }
    return true
  }

  has(mark: Mark): boolean {
    let part: Part | undefined = this.#root
    for (let depth = 0; part?.children !== undefined; depth++) part = part.children[digitAt(mark, depth)]
    return part !== undefined && part.marks[placeOf(part.marks, mark)] === mark
  }

  count(prefix: string): number {
    const found = this.#find(prefix)
    if (found === undefined) return 0
    return found.isWhole ? found.part.size : [...marksOf(found.part, prefix)].length
  }

  fingerprint(prefix: string): string {
    const found = this.#find(prefix)
    if (found === undefined) return ''
    // Below a leaf there are no parts; what it has under a longer prefix is a small set of its own.
    return found.isWhole ? fingerprintOf(found.part) : leafFingerprint([...marksOf(found.part, prefix)])
  }

  under(prefix: string): Iterable<Mark> {
    const found = this.#find(prefix)
    return found === undefined ? [] : marksOf(found.part, prefix)
  }

  /** The part that holds everything under a prefix, and whether it holds nothing else. */
  #find(prefix: string): { readonly part: Part; readonly isWhole: boolean } | undefined {
    let part: Part | undefined = this.#root
    for (let depth = 0; depth < prefix.length; depth++) {
      if (part.children === undefined) return { part, isWhole: false }
      part = part.children[digitAt(prefix, depth)]
      if (part === undefined) return undefined
    }
    return { part, isWhole: true }
  }
}

/** A leaf has marks, a node has children. */
interface Part {
  size: number
  /** Ascending; empty at a node. */
  marks: Mark[]
  /** Sixteen, by the next hex digit. */
  children: (Part | undefined)[] | undefined
  fingerprint: string | undefined
}

function aLeaf(): Part {
  return { size: 0, marks: [], children: undefined, fingerprint: undefined }
}

function digitAt(hex: string, depth: number): number {
  const code = hex.charCodeAt(depth)
  return code < 0x40 ? code - 0x30 : code - 0x57
}

/** Where a mark stands in an ascending list, or would. */
function placeOf(marks: readonly Mark[], mark: Mark): number {
  let low = 0
  let high = marks.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((marks[middle] as Mark) < mark) low = middle + 1
    else high = middle
  }
  return low
}

/** Turns a leaf into a node. Marks that begin alike may make it a deep one, at most as deep as a mark has digits. */
function split(part: Part, depth: number): void {
  const children: (Part | undefined)[] = new Array(16).fill(undefined)
  for (const mark of part.marks) {
    const digit = digitAt(mark, depth)
    const child = children[digit] ?? aLeaf()
    children[digit] = child
    child.marks.push(mark)
    child.size++
  }
  part.marks = []
  part.children = children
  for (const child of children) if (child !== undefined && child.size > leafMarks) split(child, depth + 1)
}

function* marksOf(part: Part, prefix: string): Generator<Mark> {
  if (part.children === undefined) {
    for (const mark of part.marks) if (mark.startsWith(prefix)) yield mark
  } else for (const child of part.children) if (child !== undefined) yield* marksOf(child, prefix)
}

function fingerprintOf(part: Part): string {
  part.fingerprint ??=
    part.children === undefined
      ? leafFingerprint(part.marks)
      : sha256(
          `node ${part.children.map((child) => (child === undefined ? '' : fingerprintOf(child))).join(' ')}`,
        )
  return part.fingerprint
}

function leafFingerprint(marks: readonly Mark[]): string {
  return marks.length === 0 ? '' : sha256(`leaf ${marks.join(' ')}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex')
}
