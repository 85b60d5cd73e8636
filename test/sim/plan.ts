import type { Weather } from './network.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'

/** Times on the virtual clock. */
export const healAtMs = 600_000
export const expireSeconds = 3600
export const resultTtlSeconds = 1800

export interface PlannedNode {
  readonly name: string
  readonly role: 'relay' | 'investigator' | 'agent'
  /** Whom it dials by itself. */
  readonly bootstrap: readonly string[]
  /** Nobody can dial it. */
  readonly isOutboundOnly: boolean
  readonly startAtMs: number
  readonly skewMs: number
}

export type Fault =
  | { readonly kind: 'crash'; readonly name: string; readonly atMs: number; readonly forMs: number }
  | {
      readonly kind: 'split'
      readonly side: ReadonlySet<string>
      readonly atMs: number
      readonly forMs: number
    }
  | { readonly kind: 'cut'; readonly atMs: number }

/** All that a seed decides beforehand. What the scheduler draws on the way it draws from another stream of the same seed. */
export interface Plan {
  readonly nodes: readonly PlannedNode[]
  /** Reach that holds for ever, healed or not: an office whose members only their neighbours can be reached by. */
  readonly mayReach: (a: string, b: string) => boolean
  readonly questions: readonly { readonly name: string; readonly by: string; readonly atMs: number }[]
  readonly faults: readonly Fault[]
  readonly weather: Weather
}

export function planOf(seed: number): Plan {
  const random = seededRandom(seed, 'plan')
  const outside = ['hub', ...(random.isHit(0.5) ? ['hub2'] : []), 'i1', 'i2']
  const agents = ['a1', 'a2', 'a3', 'a4'].slice(0, 2 + random.below(3))
  // Behind the first agent a row of others, each of which reaches its neighbours only.
  const office = random.isHit(0.6) ? ['o1', 'o2', 'o3'].slice(0, 1 + random.below(3)) : []
  const row = ['a1', ...office]
  const hubs = outside.filter((name) => name.startsWith('hub'))
  const node = (name: string, role: PlannedNode['role'], bootstrap: readonly string[]): PlannedNode => ({
    name,
    role,
    bootstrap,
    isOutboundOnly: role === 'agent' && !row.includes(name) && random.isHit(0.5),
    // Agents come while questions are already under way.
    startAtMs:
      role === 'agent' ? random.between(0, random.isHit(0.3) ? 300_000 : 20_000) : random.between(0, 5000),
    skewMs: Math.floor(random.between(-30_000, 30_000)),
  })
  const nodes = [
    ...hubs.map((name, at) => node(name, 'relay', hubs.slice(0, at))),
    ...['i1', 'i2'].map((name) => node(name, 'investigator', hubs)),
    ...agents.map((name) => node(name, 'agent', [random.pick(hubs)])),
    ...office.map((name, at) => node(name, 'agent', [row[at] as string])),
  ]
  const names = nodes.map(({ name }) => name)
  return {
    nodes,
    mayReach(a, b) {
      if (!office.includes(a) && !office.includes(b)) return true
      return Math.abs(row.indexOf(a) - row.indexOf(b)) === 1 && row.includes(a) && row.includes(b)
    },
    questions: Array.from({ length: 1 + random.below(3) }, (_, at) => ({
      name: `q${at}`,
      by: random.pick(['i1', 'i2']),
      atMs: random.between(10_000, 400_000),
    })).sort((a, b) => a.atMs - b.atMs),
    faults: faultsOf(random, names),
    weather: {
      lost: random.pick([0, 0.1, 0.5, 1]),
      doubled: random.pick([0, 0.2]),
      broken: random.pick([0, 0.02, 0.1]),
      slowestMs: random.pick([20, 300, 4000]),
    },
  }
}

function faultsOf(random: SeededRandom, names: readonly string[]): readonly Fault[] {
  const faults: Fault[] = []
  for (let n = random.below(8); n > 0; n--) {
    const atMs = random.between(5000, healAtMs - 20_000)
    const forMs = random.pick([random.between(10, 3000), random.between(1000, 200_000)])
    const side = new Set(names.filter(() => random.isHit(0.5)))
    const kind = random.pick(['crash', 'crash', 'split', 'cut'] as const)
    if (kind === 'crash') faults.push({ kind, name: random.pick(names), atMs, forMs })
    else faults.push(kind === 'split' ? { kind, side, atMs, forMs } : { kind, atMs })
  }
  return faults.sort((a, b) => a.atMs - b.atMs)
}
