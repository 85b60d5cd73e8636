import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Peer, ScanCase } from './case.ts'
import { type Cost, medianCost, type Ratio, ratioOf } from './cost.ts'
import { readAnswer } from './module-events.ts'
import { type Bench, runTimed } from './timed-command.ts'
import { type HostOptions, hostWords, orderLine, WarmHost } from './warm-host.ts'

/** Ours beside one peer. */
export interface Row {
  readonly scanCase: ScanCase
  readonly peer: Peer
  readonly hits: number
  readonly warm: Cost
  readonly theirs: Cost
  /** Ours in a warm host ÷ the peer. */
  readonly wall: Ratio
  readonly cpu: Ratio
  /** Ours as a process that is started for it ÷ the peer, where that was measured. */
  readonly coldWall: Ratio | undefined
}

export interface MeasureOptions extends HostOptions {
  readonly pairs: number
  /** Starts a process for every case beside the warm host, not only where the case says so. */
  readonly isCold?: boolean
}

/** Asks ours and each peer once, which warms the caches and must give the same hits, then `pairs` times in turn, every other time
 *  backwards.
 *  @throws Error when somebody answers otherwise than the others */
export async function measureCase(
  bench: Bench,
  scanCase: ScanCase,
  options: MeasureOptions,
): Promise<readonly Row[]> {
  const peers = scanCase.peers.filter(({ needs }) =>
    needs.every((name) => bench.programs[name] !== undefined),
  )
  const isCold = options.isCold === true || scanCase.isColdToo === true
  const order = orderLine(scanCase.search)
  const orderFile = join(bench.scratch, 'order')
  writeFileSync(orderFile, order)
  const host = new WarmHost(options)
  try {
    const askCold = () => runTimed(bench, hostWords(options), orderFile)
    const askPeer = ({ command }: Peer) => runTimed(bench, ['/bin/sh', '-c', command])
    const hits = readAnswer((await host.run(order)).output, scanCase).hits
    if (scanCase.hits !== undefined && hits.length !== scanCase.hits)
      throw new Error(
        `${scanCase.number} ${scanCase.what}: ${hits.length} hits, the corpus has ${scanCase.hits}`,
      )
    for (const peer of peers) {
      const timed = (await askPeer(peer)).output
      const said =
        peer.check === undefined ? timed : (await runTimed(bench, ['/bin/sh', '-c', peer.check])).output
      sameHits(scanCase, peer.name, hits, (peer.hitsOf ?? linesOf)(said))
    }
    const warm: Cost[] = []
    const cold: Cost[] = []
    const theirs = new Map<Peer, Cost[]>(peers.map((peer) => [peer, []]))
    const turnCold = async () => {
      const run = await askCold()
      cold.push(run.cost)
      const again = readAnswer(run.output, scanCase).hits
      sameHits(scanCase, 'the cold process', hits, scanCase.compare === 'count' ? [`${again.length}`] : again)
    }
    const turns = [
      async () => warm.push((await host.run(order)).cost),
      ...peers.map((peer) => async () => theirs.get(peer)?.push((await askPeer(peer)).cost)),
      ...(isCold ? [turnCold] : []),
    ]
    for (let round = 0; round < options.pairs; round++) {
      for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn()
    }
    return peers.map((peer) => {
      const costs = theirs.get(peer) ?? []
      return {
        scanCase,
        peer,
        hits: hits.length,
        warm: medianCost(warm),
        theirs: medianCost(costs),
        wall: ratioOf(warm, costs, ({ wallMs }) => wallMs),
        cpu: ratioOf(warm, costs, ({ cpuMs }) => cpuMs),
        coldWall: isCold ? ratioOf(cold, costs, ({ wallMs }) => wallMs) : undefined,
      }
    })
  } finally {
    await host.stop()
  }
}

export function linesOf(output: string): readonly string[] {
  return [...new Set(output.split('\n').filter((line) => line !== ''))]
}

/** @throws Error that says what one has and the other has not */
export function sameHits(
  scanCase: Pick<ScanCase, 'number' | 'what' | 'compare'>,
  who: string,
  ours: readonly string[],
  theirs: readonly string[],
): void {
  const { number, what, compare } = scanCase
  if (compare === 'count') {
    if (ours.length === Number(theirs[0])) return
    throw new Error(`${number} ${what}: ours ${ours.length} hits, ${who} ${theirs[0]}`)
  }
  const mine = new Set(ours)
  const others = new Set(theirs)
  const missed = theirs.filter((hit) => !mine.has(hit))
  const extra = ours.filter((hit) => !others.has(hit))
  if (missed.length + extra.length === 0) return
  const some = (hits: readonly string[]) => `${hits.length} (${hits.slice(0, 3).join(', ')})`
  throw new Error(`${number} ${what}: only ${who} has ${some(missed)}, only ours has ${some(extra)}`)
}

/** Who answers a case but is not installed. */
export function missingPeers(bench: Bench, { peers }: ScanCase): readonly Peer[] {
  return peers.filter(({ needs }) => needs.some((name) => bench.programs[name] === undefined))
}

/** One minute's load, as the kernel has it. */
export function loadNow(): number {
  return Number(readFileSync('/proc/loadavg', 'latin1').split(' ', 1)[0])
}
