import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { MigError, messageOf } from '../core/error.ts'
import { describeProxy, type HttpProxy } from '../core/http-proxy.ts'
import { directDialLimitMs, knownProxyHeadStartMs, proxyHeadStartMs } from '../core/limits.ts'
import { connectThrough, type SocketTarget } from './proxy-connect.ts'

type Way = 'direct' | 'proxy'

export interface SocketPorts {
  readonly clock: Clock
  /** Opens a TCP connection directly. */
  readonly connect: (target: SocketTarget, signal: AbortSignal) => Promise<Socket>
}

/** Opens TCP connections, directly and, where nothing comes of that, through an HTTP proxy.
 *
 *  The direct attempt begins first. When it fails, or has come to nothing after a while, the proxy is asked besides, and the
 *  first that is open wins: behind a firewall that drops packets a direct attempt is silent for minutes. */
export class SocketOpener {
  readonly #proxy: HttpProxy | undefined
  readonly #ports: SocketPorts
  /** How the last connection came about. */
  #lastWay: Way = 'direct'

  constructor(proxy: HttpProxy | undefined, ports: SocketPorts) {
    this.#proxy = proxy
    this.#ports = ports
  }

  /** @throws MigError `not-reachable` with the reasons of both ways; what the socket fails with where there is only one */
  async open(target: SocketTarget, signal: AbortSignal): Promise<Socket> {
    const proxy = this.#proxy
    if (proxy === undefined || isThisMachine(target.host)) return this.#ports.connect(target, signal)
    const decided = new AbortController()
    const either = AbortSignal.any([signal, decided.signal])
    const direct = this.#directly(target, either)
    const proxied = this.#headStart(direct).then(() => connectThrough(proxy, target, either))
    const tries = [named('direct', direct), named('proxy', proxied)]
    try {
      const winner = await Promise.any(tries)
      this.#lastWay = winner.way
      for (const other of tries) {
        // It may have been opened in the same moment.
        void other.then(
          ({ way, socket }) => way !== winner.way && socket.destroy(),
          () => undefined,
        )
      }
      return winner.socket
    } catch (error) {
      const [first, second] = error instanceof AggregateError ? error.errors : [error, error]
      const name = describeProxy(proxy)
      throw new MigError(
        'not-reachable',
        `directly: ${messageOf(first)}; through ${name}: ${messageOf(second)}`,
        { cause: second },
      )
    } finally {
      decided.abort(new Error('another way was faster'))
    }
  }

  async #directly(target: SocketTarget, signal: AbortSignal): Promise<Socket> {
    const late = new AbortController()
    const callOff = this.#ports.clock.after(directDialLimitMs, () => late.abort(new Error('no answer')))
    try {
      return await this.#ports.connect(target, AbortSignal.any([signal, late.signal]))
    } finally {
      callOff()
    }
  }

  /** Until the direct attempt has failed or had its time; for ever when it is open. */
  #headStart(direct: Promise<Socket>): Promise<void> {
    const ms = this.#lastWay === 'proxy' ? knownProxyHeadStartMs : proxyHeadStartMs
    return new Promise((resolve) => {
      const callOff = this.#ports.clock.after(ms, resolve)
      void direct.then(callOff, () => {
        callOff()
        resolve()
      })
    })
  }
}

async function named(
  way: Way,
  socket: Promise<Socket>,
): Promise<{ readonly way: Way; readonly socket: Socket }> {
  return { way, socket: await socket }
}

/** A proxy would understand it as itself. */
function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '::' || /^(127|0)\./.test(host)
}
