import { type Kernels, Region } from './kernels.ts'
import { layout } from './layout.ts'

/** Cells that a table may have when kernels are to walk through it. */
export const maxKernelCells = layout.tableBytes >> 2

const firstCell = layout.table >> 2
const firstLane = layout.lanes >> 2
export const kernelLanes = 8

/** The table of one automaton in the memory of the kernels: a copy, in which rows are offsets in bytes. Only one is there at a time. */
export class KernelTable {
  readonly kernels: Kernels

  constructor(kernels: Kernels) {
    this.kernels = kernels
  }

  /** A cell has changed. */
  set(cell: number, value: number): void {
    if (this.kernels.isOwner(Region.table, this)) this.kernels.words[firstCell + cell] = value << 2
  }

  /** All cells have changed. */
  forget(): void {
    this.kernels.forget(Region.table, this)
  }

  /** @see walkFour in ../program/walk-table.ts
   *  @param addresses of the first byte of each lane */
  walk(
    table: Int32Array,
    classes: Uint8Array,
    rows: Int32Array,
    addresses: Int32Array,
    from: number,
    length: number,
  ): number {
    const { words, run } = this.kernels
    this.#load(table, classes)
    words.set(addresses, firstLane)
    for (let lane = 0; lane < kernelLanes; lane++)
      words[firstLane + kernelLanes + lane] = (rows[lane] as number) << 2
    const taken = run.walk8(layout.lanes, from, length)
    for (let lane = 0; lane < kernelLanes; lane++)
      rows[lane] = (words[firstLane + kernelLanes + lane] as number) >> 2
    return taken
  }

  #load(table: Int32Array, classes: Uint8Array): void {
    const { kernels } = this
    if (!kernels.take(Region.table, this)) return
    for (let cell = 0; cell < table.length; cell++)
      kernels.words[firstCell + cell] = (table[cell] as number) << 2
    const columns = new Uint16Array(kernels.words.buffer, layout.classes, classes.length)
    for (let byte = 0; byte < classes.length; byte++) columns[byte] = (classes[byte] as number) << 2
  }
}
