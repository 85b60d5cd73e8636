import { readFile, stat } from 'node:fs/promises'
import type { Role } from '../../node/core/certificate.ts'
import { MigError } from '../../node/core/error.ts'
import { type HttpProxy, parseProxy } from '../../node/core/http-proxy.ts'
import { maxTextFileBytes } from '../../node/core/limits.ts'
import type { Outward } from '../../node/mesh/outward.ts'
import type { Config } from '../config.ts'
import type { CommandContext } from '../context.ts'

/** How a node gets out of its network, as the configuration says, else the environment; and the certificate that it listens with.
 *  @throws MigError `bad-input`, `not-found` */
export async function outwardOf(context: CommandContext, config: Config, role: Role): Promise<Outward> {
  const own = role === 'agent' ? undefined : config[role]
  const { tlscertificate, tlskey } = own ?? {}
  if ((tlscertificate === undefined) !== (tlskey === undefined))
    throw new MigError('bad-input', `${role}.tlscertificate and ${role}.tlskey belong together`)
  const tls =
    tlscertificate === undefined || tlskey === undefined
      ? undefined
      : { certificate: await readPem(tlscertificate), key: await readPem(tlskey) }
  return { proxy: proxyOf(proxyText(context, config)), tls }
}

/** Undefined where there is none; empty in the configuration means none, whatever the environment says. What stands in the
 *  environment was meant for all programs: a kind of proxy that is not understood is no reason not to start. */
export function proxyText(context: CommandContext, config: Config): string | undefined {
  if (config.proxy !== undefined) return config.proxy === '' ? undefined : config.proxy
  const text = context.settings.httpsProxy
  try {
    return proxyOf(text) === undefined ? undefined : text
  } catch {
    return undefined
  }
}

/** @throws MigError `bad-input` */
export function proxyOf(text: string | undefined): HttpProxy | undefined {
  return text === undefined || text === '' ? undefined : parseProxy(text)
}

async function readPem(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > maxTextFileBytes) throw new MigError('too-large', `${path} has ${size} bytes`)
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof MigError) throw cause
    throw new MigError('not-found', `${path} cannot be read`, { cause })
  }
}
