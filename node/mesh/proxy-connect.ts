import { connect, type Socket } from 'node:net'
import { MigError } from '../core/error.ts'
import { describeProxy, type HttpProxy } from '../core/http-proxy.ts'
import { maxProxyAnswerBytes } from '../core/limits.ts'

/** Where a socket is to lead. */
export interface SocketTarget {
  /** A name or an address without brackets. */
  readonly host: string
  readonly port: number
}

/** Opens a TCP connection. Aborting the signal destroys it until it is open, and not later.
 *  @throws what the socket fails with */
export function connectDirectly({ host, port }: SocketTarget, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const socket = connect({ host, port, keepAlive: true, noDelay: true })
    const settle = (done: () => void) => {
      signal.removeEventListener('abort', abort)
      socket.off('error', fail)
      done()
    }
    const fail = (error: Error) =>
      settle(() => {
        socket.destroy()
        reject(error)
      })
    const abort = () => fail(signal.reason)
    socket.once('error', fail)
    signal.addEventListener('abort', abort, { once: true })
    socket.once('connect', () => settle(() => resolve(socket)))
  })
}

/** Asks a proxy for a connection. Nothing of what the proxy says is believed but its status.
 *  @throws MigError `not-reachable` with the status, what the socket fails with, or the signal's reason */
export async function connectThrough(
  proxy: HttpProxy,
  target: SocketTarget,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await connectDirectly(proxy, signal)
  const abort = () => socket.destroy(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    socket.write(request(proxy, target))
    const { status, rest } = await readAnswer(socket)
    if (status < 200 || status > 299) {
      throw new MigError('not-reachable', `proxy ${describeProxy(proxy)} answers ${status}`, {
        hint:
          status === 407
            ? 'it wants a user and a password: http://user:password@host:port'
            : 'many proxies let only port 443 out: give a relay an address /…/tcp/443/ws',
      })
    }
    if (rest.length > 0) socket.unshift(rest)
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function request(proxy: HttpProxy, { host, port }: SocketTarget): string {
  // A host comes from an address that somebody else wrote: it must not begin a line of its own.
  if (!/^[A-Za-z0-9._:-]{1,253}$/.test(host))
    throw new MigError('bad-input', 'not a host that a proxy can be asked for')
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`]
  if (proxy.credentials !== undefined)
    lines.push(`Proxy-Authorization: Basic ${Buffer.from(proxy.credentials).toString('base64')}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** The head of the answer; what comes behind it belongs to the tunnel. */
function readAnswer(socket: Socket): Promise<{ readonly status: number; readonly rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let head: Buffer = Buffer.alloc(0)
    // Not 'data' and `pause`: a socket that was paused stays so for whoever listens next.
    const settle = (done: () => void) => {
      socket.off('readable', read)
      socket.off('error', fail)
      socket.off('close', closed)
      done()
    }
    const fail = (error: Error) => settle(() => reject(error))
    const closed = () => fail(new MigError('not-reachable', 'the proxy hung up'))
    const read = () => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read())
        head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end < 0 && head.length <= maxProxyAnswerBytes) return
      const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(head.toString('latin1', 0, 32))?.[1]
      if (end < 0 || end > maxProxyAnswerBytes || status === undefined)
        return fail(new MigError('not-reachable', 'what answers at the proxy’s address is no HTTP proxy'))
      settle(() => resolve({ status: Number(status), rest: head.subarray(end + 4) }))
    }
    socket.on('readable', read)
    socket.once('error', fail)
    socket.once('close', closed)
  })
}
