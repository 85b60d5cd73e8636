import { layout } from './layout.ts'
import { kernelsWasm } from './wasm.ts'

/** Where scans run.
 *  - auto: in the kernels where the machine has WebAssembly with SIMD, and room for their memory
 *  - off: in plain JavaScript */
export type KernelChoice = 'auto' | 'off'

/** The functions of `assembly/`, documented there. Addresses, places and counts are bytes. */
export interface KernelFunctions {
  readonly findExact: Find
  readonly find1: Find
  readonly find2: Find
  readonly find3: Find
  readonly find4: Find
  readonly skip1: Skip
  readonly skip4: Skip
  walk8(lanes: number, from: number, length: number): number
  newlines(hay: number, from: number, to: number): number
}

export type Find = (
  hay: number,
  from: number,
  to: number,
  needles: number,
  room: number,
  state: number,
) => number

type Skip = (
  hay: number,
  from: number,
  to: number,
  shifts: number,
  filter: number,
  window: number,
  room: number,
  state: number,
) => number

/** The kernels of this thread and their memory. A region of it holds what its owner has put there last: each use asks first. */
export class Kernels {
  readonly run: KernelFunctions
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly #memory: ArrayBuffer
  readonly #owners: (object | undefined)[] = []

  /** @throws WebAssembly.CompileError without SIMD, RangeError without memory */
  constructor() {
    const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages })
    const module = new WebAssembly.Module(Buffer.from(kernelsWasm, 'base64'))
    this.run = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelFunctions
    this.#memory = memory.buffer
    this.bytes = new Uint8Array(memory.buffer)
    this.words = new Int32Array(memory.buffer)
  }

  /** Makes a region the owner's.
   *  @returns false when it was already: what it holds is what the owner put there */
  take(region: Region, owner: object): boolean {
    if (this.#owners[region] === owner) return false
    this.#owners[region] = owner
    return true
  }

  isOwner(region: Region, owner: object): boolean {
    return this.#owners[region] === owner
  }

  /** What the region holds of the owner is not true any more. */
  forget(region: Region, owner: object): void {
    if (this.#owners[region] === owner) this.#owners[region] = undefined
  }

  /** Behind the last byte that is brought before the kernels together with those from `from` on. */
  pieceEnd(bytes: Uint8Array, from: number): number {
    if (bytes.buffer === this.#memory) return bytes.length
    return Math.min(bytes.length, from + layout.copiedBytes)
  }

  /** The address of the byte at `from`: a piece that is not in the memory is copied there.
   *  @param to at most `pieceEnd`
   *  @param use of this piece, the bytes of which do not change while it lasts */
  addressOf(bytes: Uint8Array, from: number, to: number, use: object): number {
    if (bytes.buffer === this.#memory) return bytes.byteOffset + from
    if (this.take(Region.copied, use)) this.bytes.set(bytes.subarray(from, to), layout.copied)
    return layout.copied
  }
}

export const Region = { needles: 0, shifts: 1, table: 2, copied: 3 } as const
type Region = (typeof Region)[keyof typeof Region]

let ofThisThread: Kernels | undefined
let isTried = false

/** @returns undefined where there are none: everything has a plain path too, which says the same */
export function kernelsOf(choice: KernelChoice): Kernels | undefined {
  if (choice === 'off') return undefined
  if (!isTried) {
    isTried = true
    try {
      ofThisThread = new Kernels()
    } catch {
      // No WebAssembly, no SIMD, or a process that may not reserve the memory.
    }
  }
  return ofThisThread
}
