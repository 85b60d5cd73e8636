import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { aGpgHome, stockGpg, withGpg } from '../../gpg.ts'
import { aDesk, passphrase } from './desk.ts'

withGpg('a fleet of people whose keys are with gpg', () => {
  const desk = aDesk({ gpg: true })
  const gpg = aGpgHome(passphrase)
  const before = process.env.GNUPGHOME

  beforeAll(() => {
    process.env.GNUPGHOME = gpg.home
  })

  afterAll(() => {
    if (before === undefined) delete process.env.GNUPGHOME
    else process.env.GNUPGHOME = before
    gpg.remove()
    desk.remove()
  })

  it('makes keys in gpg’s keyring, and a fleet, invitations and policies with them', async () => {
    await desk.mig('init', '--fleet-name', 'Office', '--person', 'Ada Lovelace <ada@example.org>')
    const [key] = JSON.parse((await desk.mig('key', 'list', '--json')).out)
    expect(key).toMatchObject({ where: 'gpg', canSign: true, canEncrypt: true })
    expect(stockGpg(gpg, ['--list-secret-keys']).stdout.toString()).not.toBe('')
    const line = (await desk.mig('invite', '--role', 'relay')).out
    const enrolled = await desk.mig('relay', 'enrol', line)
    expect(enrolled.said).toMatch(/root and policy are taken/)
    await desk.mig('policy', 'revoke', enrolled.out.split(' ').at(-1) ?? '')
    expect((await desk.mig('policy', 'sign')).said).toMatch(/policy 2 is signed by Ada Lovelace/)
  }, 60_000)

  it('refuses a wrong passphrase', async () => {
    // gpg's agent remembers the right one.
    spawnSync('gpgconf', ['--homedir', gpg.home, '--kill', 'gpg-agent'], {
      env: gpg.env as NodeJS.ProcessEnv,
    })
    expect(await desk.with({ passphrase: 'wrong' }).fails('invite', '--role', 'agent')).toBe('bad-passphrase')
  }, 60_000)

  it('takes a person’s key over from gpg into a key file, and exports its public half', async () => {
    const secret = stockGpg(gpg, ['--armor', '--export-secret-keys']).stdout
    writeFileSync(desk.path('secret.asc'), secret)
    const { out } = await desk.mig('key', 'import', '--no-gpg', desk.path('secret.asc'))
    const files = JSON.parse((await desk.mig('key', 'list', '--no-gpg', '--json')).out)
    expect(files).toMatchObject([{ fingerprint: out, where: desk.path('keys', `${out}.asc`), canSign: true }])
    const exported = (await desk.mig('key', 'export', '--no-gpg', out)).out
    expect(exported).toMatch(/^-----BEGIN PGP PUBLIC KEY BLOCK-----/)
    expect(exported).not.toMatch(/PRIVATE/)
  }, 60_000)

  it('asks which is meant when a name fits a key of gpg and a key file', async () => {
    writeFileSync(desk.path('mig.toml'), '')
    const ada = JSON.parse((await desk.mig('key', 'list', '--gpg', '--json')).out)[0].fingerprint
    const bea = (await desk.mig('key', 'new', '--no-gpg', 'Bea Lovelace <bea@example.org>')).out
    const dir = desk.path('second')
    await desk.mig('init', '--fleet-name', 'Two', '--dir', dir, '--person', ada, '--person', bea)
    const invite = ['invite', '--role', 'agent', '--fleet-dir', dir, '--key']
    expect(await desk.fails(...invite, 'Lovelace')).toBe('usage')
    expect((await desk.mig(...invite, 'Bea')).said).toMatch(/signed by Bea Lovelace/)
    expect((await desk.mig(...invite, 'Ada')).said).toMatch(/signed by Ada Lovelace/)
  }, 60_000)
})
