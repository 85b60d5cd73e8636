// Must be the first import of every entry point, worker and mesh file. The one module that works at import time.
import { config } from 'zod'

// zod would otherwise write and compile a function of its own for each schema at its first use: 0.2 ms each, a tenth of a second
// of every start, to gain a tenth later. Nothing here makes code from text.
config({ jitless: true })

// What libp2p 3 calls and Node 20 lacks: without it a node dies at its first dial.
if (typeof Promise.withResolvers !== 'function') {
  Object.defineProperty(Promise, 'withResolvers', {
    configurable: true,
    writable: true,
    value<T>(this: PromiseConstructor): PromiseWithResolvers<T> {
      let resolve!: PromiseWithResolvers<T>['resolve']
      let reject!: PromiseWithResolvers<T>['reject']
      const promise = new this<T>((onResolve, onReject) => {
        resolve = onResolve
        reject = onReject
      })
      return { promise, resolve, reject }
    },
  })
}
