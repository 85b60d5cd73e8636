import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { SeededRandom } from '../random.ts'
import { indicators } from './indicators.ts'
import { type Logs, makeLogs } from './logs.ts'
import { makeOdd, type Odd } from './odd.ts'
import { makePacked, type Packed } from './packed.ts'
import { makeTree, type Tree } from './tree.ts'

export interface CorpusSizes {
  readonly name: 'quick' | 'default' | 'full'
  readonly treeFiles: number
  readonly logBytes: number
  readonly gz: number
  readonly jars: number
  readonly lineBytes: number
  readonly onceBytes: number
}

const mib = 2 ** 20
export const quickCorpora: CorpusSizes = {
  name: 'quick',
  treeFiles: 400,
  logBytes: mib,
  gz: 6,
  jars: 6,
  lineBytes: mib,
  onceBytes: mib / 4,
}
export const defaultCorpora: CorpusSizes = {
  name: 'default',
  treeFiles: 30_000,
  logBytes: 64 * mib,
  gz: 500,
  jars: 400,
  lineBytes: 64 * mib,
  onceBytes: 4 * mib,
}
/** As large as issue 4 wants them: 3 GB on disk. */
export const fullCorpora: CorpusSizes = {
  name: 'full',
  treeFiles: 200_000,
  logBytes: 256 * mib,
  gz: 3000,
  jars: 2000,
  lineBytes: 1024 * mib,
  onceBytes: 16 * mib,
}

/** Corpora `by` times smaller, each with enough in it for what is hidden there. */
export function divided(sizes: CorpusSizes, by: number): CorpusSizes {
  const part = (size: number, least: number) => Math.max(least, Math.floor(size / by))
  return {
    name: sizes.name,
    treeFiles: part(sizes.treeFiles, quickCorpora.treeFiles),
    logBytes: part(sizes.logBytes, quickCorpora.logBytes),
    gz: part(sizes.gz, quickCorpora.gz),
    jars: part(sizes.jars, quickCorpora.jars),
    lineBytes: part(sizes.lineBytes, quickCorpora.lineBytes),
    onceBytes: part(sizes.onceBytes, quickCorpora.onceBytes),
  }
}

export interface Corpora {
  readonly sizes: CorpusSizes
  readonly tree: Tree
  readonly logs: Logs
  readonly packed: Packed
  readonly odd: Odd
  /** Host names to look for; three of the first twenty are in tree and logs. */
  readonly iocs: readonly string[]
}

/** Makes all of them below a directory that is there and empty. The same seed and sizes make the same bytes. */
export function makeCorpora(directory: string, seed: number, sizes: CorpusSizes): Corpora {
  const iocs = indicators(new SeededRandom(seed), 1000)
  const planted = [2, 9, 15].map((n) => iocs[n] as string)
  const below = (name: string) => {
    const path = join(directory, name)
    mkdirSync(path)
    return path
  }
  return {
    sizes,
    iocs,
    tree: makeTree(below('tree'), seed + 1, sizes.treeFiles, planted),
    logs: makeLogs(below('big'), seed + 2, sizes.logBytes, planted),
    packed: makePacked(below('packed'), seed + 3, sizes),
    odd: makeOdd(below('odd'), sizes),
  }
}
