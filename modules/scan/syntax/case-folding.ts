import { type CodePointSet, containsPoint, normaliseSet } from './code-point-set.ts'

/** Adds to a set every code point that differs from one of its own only by case: Unicode's simple folding, as Go's
 *  `unicode.SimpleFold` walks it. */
export function foldSet(set: CodePointSet): CodePointSet {
  if (set.length === 0) return set
  const isAscii = (set.at(-1) as number) < 0x80
  const others: number[] = []
  for (const [point, orbit] of isAscii ? asciiOrbits() : allOrbits()) {
    if (!containsPoint(set, point)) continue
    for (const other of orbit) others.push(other, other)
  }
  return others.length === 0 ? set : normaliseSet([...set, ...others])
}

/** Within ASCII, for patterns of bytes. */
export function foldAsciiSet(set: CodePointSet): CodePointSet {
  const others: number[] = []
  for (let upper = 0x41; upper <= 0x5a; upper++) {
    if (containsPoint(set, upper) || containsPoint(set, upper + 0x20))
      others.push(upper, upper, upper + 0x20, upper + 0x20)
  }
  return normaliseSet([...set, ...others])
}

type Orbits = ReadonlyMap<number, readonly number[]>

let ascii: Orbits | undefined
let all: Orbits | undefined

function asciiOrbits(): Orbits {
  if (ascii === undefined) {
    const orbits = new Map<number, readonly number[]>()
    for (let upper = 0x41; upper <= 0x5a; upper++) {
      // The Kelvin sign folds to k, the long s to s.
      const orbit = [upper, upper + 0x20, ...(upper === 0x4b ? [0x212a] : upper === 0x53 ? [0x17f] : [])]
      orbits.set(upper, orbit)
      orbits.set(upper + 0x20, orbit)
    }
    ascii = orbits
  }
  return ascii
}

/** Candidates come from mapping to upper and lower case; the engine's `/iu` comparison, which is simple folding, decides. */
function allOrbits(): Orbits {
  if (all !== undefined) return all
  const groups = new Map<string, Set<number>>()
  for (let point = 0; point <= lastCased; point++) {
    const text = String.fromCodePoint(point)
    const upper = text.toUpperCase()
    const lower = text.toLowerCase()
    if (upper === text && lower === text) continue
    // Several keys, for mappings are neither symmetric nor of one character: ß, ẞ, ΐ.
    const keys = [lower, upper, upper.toLowerCase(), lower.toUpperCase(), upper.toLowerCase().toUpperCase()]
    const group = new Set<number>([point])
    for (const key of keys) {
      for (const other of groups.get(key) ?? []) group.add(other)
    }
    for (const member of group) {
      for (const key of keysOf(member)) groups.set(key, group)
    }
  }
  const orbits = new Map<number, readonly number[]>()
  for (const group of new Set(groups.values())) {
    for (const point of group) {
      const same = new RegExp(`^\\u{${point.toString(16)}}$`, 'iu')
      const orbit = [...group].filter((other) => same.test(String.fromCodePoint(other)))
      if (orbit.length > 1) orbits.set(point, orbit)
    }
  }
  all = orbits
  return orbits
}

function keysOf(point: number): readonly string[] {
  const text = String.fromCodePoint(point)
  const [upper, lower] = [text.toUpperCase(), text.toLowerCase()]
  return [lower, upper, upper.toLowerCase(), lower.toUpperCase(), upper.toLowerCase().toUpperCase()]
}

/** The last code point with a case (ADLAM). */
const lastCased = 0x1e943
