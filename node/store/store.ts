/** The port for a node's disk: an ordered map of byte strings under text keys.
 *  Keys are made only in `keyspace.ts`. */
export interface Store {
  get(key: string): Promise<Uint8Array | undefined>
  /** All or nothing. `sync: true` returns after the bytes are on the disk, not in the system's cache.
   *  @throws MigError `disk-full` (nothing was written, the store stays usable) or `store-damaged` */
  write(changes: readonly Change[], options: { readonly sync: boolean }): Promise<void>
  /** Entries with `from ≤ key < to`, in key order, as they were when the iteration began. */
  entries(range: Range): AsyncIterable<readonly [key: string, value: Uint8Array]>
  keys(range: Range): AsyncIterable<string>
  close(): Promise<void>
}

export type Change = { readonly put: string; readonly value: Uint8Array } | { readonly delete: string }

export interface Range {
  readonly from: string
  readonly to: string
  readonly limit?: number
  readonly reverse?: boolean
}
