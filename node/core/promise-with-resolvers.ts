/** What libp2p 3 calls and Node 20 lacks. Must be the first import of every entry point, worker and mesh file:
 *  without it a node dies at its first dial. The one module that works at import time. */
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
