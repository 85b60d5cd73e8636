import type { Address } from './address.ts'
import type { Socket } from './parse-proc-net.ts'

/** Where a check looks. */
export type Source = 'interfaces' | 'neighbors' | 'addresses' | 'sockets'

/** One row of what a platform's reader saw, before any query is asked of it. */
export type Sight =
  | { readonly kind: 'interface'; readonly mac: string }
  | { readonly kind: 'neighbor'; readonly address: Address; readonly mac: string; readonly namespace: string }
  | { readonly kind: 'address'; readonly address: Address; readonly namespace: string }
  | { readonly kind: 'socket'; readonly socket: Socket; readonly namespace: string }
  /** Something of this source could not be read: "nothing matched" can no longer be said. */
  | { readonly kind: 'unseen'; readonly source: Source }
