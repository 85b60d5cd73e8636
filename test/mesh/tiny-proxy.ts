import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** An HTTP proxy that knows CONNECT and nothing else, and writes down what it saw. */
export interface TinyProxy {
  readonly url: string
  readonly port: number
  /** Heads of requests. */
  readonly heads: string[]
  /** The first bytes that came through each tunnel, from the inside. */
  readonly first: Buffer[]
  stop(): Promise<void>
}

/** @param route where a request for `host:port` really goes; a number is the status of a refusal
 *  @param answer what is said in place of `200`, for a proxy that is none */
export async function startProxy(
  route: (authority: string, head: string) => { readonly host: string; readonly port: number } | number,
  answer = 'HTTP/1.1 200 Connection established\r\n\r\n',
): Promise<TinyProxy> {
  const heads: string[] = []
  const first: Buffer[] = []
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }
  const server: Server = createServer((inside) => {
    keep(inside)
    let head = ''
    const read = (chunk: Buffer) => {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      inside.off('data', read)
      heads.push(head)
      const authority = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head)?.[1] ?? ''
      const way = route(authority, head)
      if (typeof way === 'number') return void inside.end(`HTTP/1.1 ${way} No\r\nContent-Length: 2\r\n\r\nno`)
      const outside = connect(way, () => {
        inside.write(answer)
        inside.once('data', (bytes: Buffer) => first.push(bytes))
        inside.pipe(outside)
        outside.pipe(inside)
      })
      keep(outside)
      outside.once('error', () => inside.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
      outside.once('close', () => inside.destroy())
      inside.once('close', () => outside.destroy())
    }
    inside.on('data', read)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    heads,
    first,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
