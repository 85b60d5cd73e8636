import type { Duplex } from 'node:stream'
import type { AbortOptions } from '@libp2p/interface'
import {
  AbstractMultiaddrConnection,
  type AbstractMultiaddrConnectionInit,
  type SendResult,
} from '@libp2p/utils'

/** A connection of libp2p, not secured yet, over any of Node's streams: a socket through a proxy, a WebSocket. Reading stops when
 *  nobody reads, and writing when the other side does not. */
export class DuplexConnection extends AbstractMultiaddrConnection {
  readonly #duplex: Duplex

  constructor(duplex: Duplex, init: AbstractMultiaddrConnectionInit) {
    super(init)
    this.#duplex = duplex
    duplex.on('data', (chunk: Uint8Array) => this.onData(chunk))
    duplex.on('drain', () => this.safeDispatchEvent('drain'))
    duplex.on('error', (error) => this.abort(error))
    duplex.once('end', () => this.onTransportClosed())
    duplex.once('close', () => this.onTransportClosed())
  }

  sendData(data: Iterable<Uint8Array>): SendResult {
    let sentBytes = 0
    let canSendMore = true
    for (const chunk of data) {
      sentBytes += chunk.byteLength
      canSendMore = this.#duplex.write(chunk)
      if (!canSendMore) break
    }
    return { sentBytes, canSendMore }
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    const duplex = this.#duplex
    if (duplex.destroyed) return
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        duplex.destroy()
        reject(options?.signal?.reason)
      }
      options?.signal?.addEventListener('abort', abort, { once: true })
      duplex.once('close', () => {
        options?.signal?.removeEventListener('abort', abort)
        resolve()
      })
      duplex.end()
    })
  }

  sendReset(): void {
    this.#duplex.destroy()
  }

  sendPause(): void {
    this.#duplex.pause()
  }

  sendResume(): void {
    this.#duplex.resume()
  }
}
