import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseConfig } from '../../../cli/config.ts'
import type { CommandContext } from '../../../cli/context.ts'
import { outwardOf, proxyText } from '../../../cli/fleet/outward-options.ts'
import { resolveNodeOptions } from '../../../cli/node-options.ts'
import { selfSigned } from '../../mesh/self-signed.ts'
import { aDesk, type Desk } from './desk.ts'

let desk: Desk
beforeEach(() => {
  desk = aDesk()
})
afterEach(() => desk.remove())

/** As much of a context as these read. */
function context(httpsProxy?: string): CommandContext {
  const settings = { migHome: desk.home, home: desk.home, httpsProxy }
  return { settings, command: [process.execPath, desk.path('none', 'mig.js')] } as unknown as CommandContext
}

test('the proxy is that of mig.toml, else of HTTPS_PROXY; empty means none', async () => {
  const given = parseConfig('proxy = "http://inside:3128"', 'mig.toml')
  expect((await outwardOf(context('http://other:1'), given, 'agent')).proxy).toMatchObject({
    host: 'inside',
    port: 3128,
  })
  expect((await outwardOf(context('http://other:1'), {}, 'agent')).proxy).toMatchObject({
    host: 'other',
    port: 1,
  })
  expect((await outwardOf(context(), {}, 'agent')).proxy).toBeUndefined()
  expect(
    (await outwardOf(context('http://other:1'), parseConfig('proxy = ""', 'mig.toml'), 'agent')).proxy,
  ).toBeUndefined()
})

test('a proxy of another kind is an error in mig.toml, and nothing in the environment', async () => {
  const bad = parseConfig('proxy = "socks5://inside:1080"', 'mig.toml')
  await expect(outwardOf(context(), bad, 'relay')).rejects.toMatchObject({ code: 'bad-input' })
  expect(proxyText(context('socks5://inside:1080'), {})).toBeUndefined()
})

test('a certificate comes with its key, from files that are there', async () => {
  writeFileSync(desk.path('c.pem'), selfSigned.certificate)
  writeFileSync(desk.path('k.pem'), selfSigned.key)
  const both = `[relay]\ntlscertificate = "${desk.path('c.pem')}"\ntlskey = "${desk.path('k.pem')}"`
  expect((await outwardOf(context(), parseConfig(both, 'mig.toml'), 'relay')).tls).toEqual(selfSigned)
  const half = parseConfig('[relay]\ntlscertificate = "c.pem"', 'mig.toml')
  await expect(outwardOf(context(), half, 'relay')).rejects.toMatchObject({ code: 'bad-input' })
  const gone = parseConfig('[relay]\ntlscertificate = "/none"\ntlskey = "/none"', 'mig.toml')
  await expect(outwardOf(context(), gone, 'relay')).rejects.toMatchObject({ code: 'not-found' })
  expect(() => parseConfig('[agent]\ntlskey = "k.pem"', 'mig.toml')).toThrow(/tlskey/)
})

test('multicast DNS is what the option says, else mig.toml, else undecided', async () => {
  const decided = async (toml: string, options: { readonly mdns?: boolean }) => {
    writeFileSync(desk.path('mig.toml'), toml)
    return (await resolveNodeOptions(context(), 'relay', options)).mdns
  }
  expect(await decided('', {})).toBeUndefined()
  expect(await decided('[relay]\nmdns = false', {})).toBe(false)
  expect(await decided('[relay]\nmdns = false', { mdns: true })).toBe(true)
  expect(await decided('[relay]\nmdns = true', { mdns: false })).toBe(false)
})
