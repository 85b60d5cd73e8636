import { MigError } from './error.ts'
import { maxProxyUrlChars } from './limits.ts'

/** An HTTP proxy that lets connections out by CONNECT (RFC 9110, 9.3.6). */
export interface HttpProxy {
  readonly host: string
  readonly port: number
  /** For `Proxy-Authorization`; never logged. */
  readonly credentials: string | undefined
}

/** Reads `http://[user:password@]host[:port]`; without a scheme it is http, without a port 80.
 *  @throws MigError `bad-input` */
export function parseProxy(text: string): HttpProxy {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = text.length <= maxProxyUrlChars && URL.canParse(whole) ? new URL(whole) : undefined
  if (url?.protocol !== 'http:' || url.hostname === '' || !['', '/'].includes(url.pathname)) {
    // Not the text itself: a password may stand in it.
    throw new MigError('bad-input', 'the proxy cannot be read', {
      hint: 'expected http://[user:password@]host[:port]',
    })
  }
  const { username, password } = url
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 80 : Number(url.port),
    credentials:
      username === '' && password === ''
        ? undefined
        : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`,
  }
}

/** As it may be logged. */
export function describeProxy({ host, port }: HttpProxy): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
