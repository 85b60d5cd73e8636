import { maxDfaStates } from '../../../node/core/limits.ts'
import { KernelTable, maxKernelCells } from '../kernels/kernel-table.ts'
import type { Kernels } from '../kernels/kernels.ts'
import type { Automaton, Configuration } from './automaton.ts'
import { walkTable } from './walk-table.ts'

const unknown = -1
const nobody: readonly number[] = []

/** An automaton made deterministic as far as texts have needed it: one table look-up a byte. Bounded: a full table is emptied. */
export class LazyDfa {
  /** The patterns that the last `run` stopped for. */
  decided: readonly number[] = nobody
  /** How often the table was emptied. */
  flushes = 0
  /** The class of each byte: a column of the table. */
  readonly classes: Uint8Array
  readonly #automaton: Automaton
  readonly #shift: number
  readonly #maxStates: number
  readonly #maxKernel: number
  /** Offsets of rows, `unknown`, or −2 − the number of an event. */
  #table: Int32Array
  #events: { readonly next: number; readonly decided: readonly number[] }[] = []
  #configurations: Configuration[] = []
  #byHash = new Map<number, number[]>()
  #kernelSize = 0
  /** The row in which it stands. */
  #row = 0
  readonly #rows = new Int32Array(1)
  /** The table where kernels look for it. */
  readonly kernel: KernelTable | undefined

  /** @param maxCells of the table, and instructions in all states together: four bytes each */
  constructor(automaton: Automaton, maxCells: number, kernels?: Kernels) {
    this.#automaton = automaton
    this.classes = automaton.alphabet.classes
    this.#shift = Math.ceil(Math.log2(automaton.alphabet.representatives.length))
    this.kernel = kernels && new KernelTable(kernels)
    const tableCells = kernels === undefined ? maxCells : Math.min(maxCells, maxKernelCells)
    this.#maxStates = Math.min(maxDfaStates, Math.max(8, tableCells >> this.#shift))
    this.#maxKernel = maxCells
    this.#table = new Int32Array(8 << this.#shift).fill(unknown)
    this.restart()
  }

  /** To the beginning of a text. */
  restart(): void {
    this.at = this.#automaton.start
  }

  get at(): Configuration {
    return this.configurationOf(this.#row)
  }

  set at(configuration: Configuration) {
    this.#row = this.#rowOf(configuration)
  }

  /** Bytes and instructions looked at to learn them, since it was made. */
  get steps(): number {
    return this.#automaton.steps
  }

  get states(): number {
    return this.#configurations.length
  }

  /** Takes bytes until one decides patterns.
   *  @param maxSteps to look at before it stops nevertheless
   *  @returns behind the last byte taken */
  run(bytes: Uint8Array, from: number, to: number, maxSteps = Number.POSITIVE_INFINITY): number {
    const stepsBefore = this.steps
    const rows = this.#rows
    this.decided = nobody
    for (let i = from; i < to; i++) {
      rows[0] = this.#row
      i = walkTable(this.#table, this.classes, bytes, rows, i, to)
      this.#row = rows[0] as number
      if (i >= to) break
      const next = this.#table[this.#row + (this.classes[bytes[i] as number] as number)] as number
      if (next === unknown) {
        this.#learn(bytes[i] as number)
      } else {
        const event = this.#events[-2 - next] as { next: number; decided: readonly number[] }
        this.#row = event.next
        this.decided = event.decided
      }
      if (this.decided.length > 0 || this.steps - stepsBefore > maxSteps) return i + 1
    }
    return to
  }

  /** Row by row, one for each state: the offset of the next row, or less than 0 where there is more to know. A new one when it
   *  grows. */
  get table(): Int32Array {
    return this.#table
  }

  configurationOf(row: number): Configuration {
    return this.#configurations[row >> this.#shift] as Configuration
  }

  /** Where it stands, as an offset in the table. When that is emptied, all others are gone. */
  get row(): number {
    return this.#row
  }

  set row(row: number) {
    this.#row = row
  }

  /** @see Automaton.end */
  end(hasLine: boolean): readonly number[] {
    return this.#automaton.end(this.at, hasLine)
  }

  /** Gives the room of the table back. */
  empty(): void {
    const { at } = this
    this.#flush()
    this.#table = new Int32Array(8 << this.#shift).fill(unknown)
    this.at = at
  }

  #learn(byte: number): void {
    const cell = this.#row + (this.classes[byte] as number)
    const { next, decided } = this.#automaton.advance(this.at, byte)
    const { flushes } = this
    const row = this.#rowOf(next)
    this.#row = row
    this.decided = decided
    // An emptied table has no such cell any more.
    if (flushes !== this.flushes) return
    const value = decided.length === 0 ? row : -2 - (this.#events.push({ next: row, decided }) - 1)
    this.#table[cell] = value
    this.kernel?.set(cell, value)
  }

  #rowOf(configuration: Configuration): number {
    const hash = hashOf(configuration)
    const known = this.#byHash.get(hash)
    for (const state of known ?? []) {
      if (isSame(this.#configurations[state] as Configuration, configuration)) return state << this.#shift
    }
    const { length } = configuration.kernel
    if (this.#configurations.length >= this.#maxStates || this.#kernelSize + length > this.#maxKernel) {
      if (this.#configurations.length > 0) {
        this.#flush()
        return this.#rowOf(configuration)
      }
    }
    const state = this.#configurations.push(configuration) - 1
    this.#kernelSize += length
    if (known === undefined) this.#byHash.set(hash, [state])
    else known.push(state)
    if (this.#configurations.length << this.#shift > this.#table.length) this.#grow()
    return state << this.#shift
  }

  #flush(): void {
    this.flushes += 1
    this.#automaton.forget()
    this.#configurations = []
    this.#events = []
    this.#byHash = new Map()
    this.#kernelSize = 0
    this.#table.fill(unknown)
    this.kernel?.forget()
  }

  #grow(): void {
    const table = new Int32Array(this.#table.length * 2)
    table.set(this.#table)
    table.fill(unknown, this.#table.length)
    this.#table = table
    this.kernel?.forget()
  }
}

function hashOf({ kernel, behind, pending }: Configuration): number {
  let hash = Math.imul(pending ^ (behind << 27), 0x9e3779b1)
  for (let i = 0; i < kernel.length; i++)
    hash = Math.imul((hash ^ (kernel[i] as number)) + (hash >>> 15), 0x85ebca6b)
  return hash
}

function isSame(a: Configuration, b: Configuration): boolean {
  if (a.behind !== b.behind || a.pending !== b.pending || a.kernel.length !== b.kernel.length) return false
  for (let i = 0; i < a.kernel.length; i++) if (a.kernel[i] !== b.kernel[i]) return false
  return true
}
