import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readKey } from 'openpgp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Instant } from '../../../node/core/clock.ts'
import { base64Encode, utf8 } from '../../../node/core/encoding.ts'
import { encodeEnvelope, preAuthEncoding } from '../../../node/core/envelope.ts'
import type { Fingerprint } from '../../../node/core/fingerprint.ts'
import { plusSeconds } from '../../../node/core/instant.ts'
import {
  exportGpgCertificate,
  generateGpgKey,
  gpgAvailable,
  importGpgKey,
  listGpgKeys,
} from '../../../node/verification/gpg-keys.ts'
import { createGpgSigner } from '../../../node/verification/gpg-signer.ts'
import { readCertificate, readKeyring } from '../../../node/verification/keyring.ts'
import { openReplyKey, readersWithout, sealReplyKey } from '../../../node/verification/reply-keys.ts'
import { verifySignatures } from '../../../node/verification/verify-signatures.ts'
import { aGpgHome, stockGpg, withGpg } from '../../gpg.ts'
import { aKey, signBytes } from './pgp-kit.ts'

/** Stock GnuPG of this machine, both ways. It knows only the system's clock, so these tests use it too. */
withGpg('with stock gpg', () => {
  let gpg: ReturnType<typeof aGpgHome>
  const now = (Math.floor(Date.now() / 1000) * 1000) as Instant
  const body = utf8('{"question":"who has it"}')
  const signed = preAuthEncoding('mig.action.v3', body)

  beforeAll(() => {
    gpg = aGpgHome()
  })
  afterAll(() => gpg.remove())

  /** Makes a key with gpg itself. */
  function stockKey(
    name: string,
    algorithm: string,
    usage: string,
    ...subkeys: [string, string][]
  ): Fingerprint {
    const made = stockGpg(gpg, [
      '--status-fd',
      '1',
      '--quick-gen-key',
      `${name} <${name}@example.org>`,
      algorithm,
      usage,
      'never',
    ])
    const fingerprint = /KEY_CREATED \S (\S+)/.exec(Buffer.from(made.stdout).toString())?.[1]
    if (fingerprint === undefined) throw new Error(made.stderr)
    for (const [subkey, use] of subkeys) {
      const added = stockGpg(gpg, ['--quick-add-key', fingerprint, subkey, use, 'never'])
      if (added.code !== 0) throw new Error(added.stderr)
    }
    return fingerprint as Fingerprint
  }

  const stockSignature = (user: string, ...args: string[]) =>
    stockGpg(gpg, ['--local-user', user, ...args, '--output', '-', '--detach-sign'], signed).stdout

  async function personsBy(fingerprint: Fingerprint, signature: Uint8Array): Promise<string[]> {
    const certificate = stockGpg(gpg, ['--export', fingerprint]).stdout
    const { binary } = await readCertificate(certificate)
    const keyring = await readKeyring(
      [{ name: 'dora', keys: [{ fingerprint, certificate: base64Encode(binary) }] }],
      new Set(),
    )
    const window = { issuedAt: now, expireAfter: plusSeconds(now, 3600), now: Date.now() as Instant }
    const { persons } = await verifySignatures(
      { type: 'mig.action.v3', body, signatures: [signature] },
      keyring,
      window,
    )
    return [...persons]
  }

  test.each([
    ['ed25519', 'ed25519', 'sign'],
    ['P-256', 'nistp256', 'sign'],
    ['P-384', 'nistp384', 'sign'],
    ['RSA-3072', 'rsa3072', 'sign'],
  ])(
    'accepts what gpg signs with %s',
    async (name, algorithm, usage) => {
      const fingerprint = stockKey(`stock-${name}`, algorithm, usage)
      expect(await personsBy(fingerprint, stockSignature(fingerprint))).toEqual(['dora'])
    },
    60_000,
  )

  test('accepts what gpg signs with RSA-4096, and with a signing subkey under a primary that may only certify', async () => {
    const fingerprint = stockKey('subkeys', 'ed25519', 'cert', ['ed25519', 'sign'], ['rsa4096', 'sign'])
    const subkeys = (
      await readKey({ binaryKey: stockGpg(gpg, ['--export', fingerprint]).stdout })
    ).subkeys.map((subkey) => subkey.getFingerprint().toUpperCase())
    expect(subkeys).toHaveLength(2)
    for (const subkey of subkeys)
      expect(await personsBy(fingerprint, stockSignature(`${subkey}!`))).toEqual(['dora'])
    const own = createGpgSigner(fingerprint, gpg)
    expect(await personsBy(fingerprint, await own.sign(signed))).toEqual(['dora'])
    const named = createGpgSigner(fingerprint, { ...gpg, subkey: subkeys[0] as Fingerprint })
    expect(await personsBy(fingerprint, await named.sign(signed))).toEqual(['dora'])
  }, 120_000)

  test('V35 V36 V37 V38 ignores RSA-2048, DSA, secp256k1, and weak hashes', async () => {
    const weak = stockKey('weak', 'rsa2048', 'sign')
    expect(await personsBy(weak, stockSignature(weak))).toEqual([])
    const dsa = stockKey('olddsa', 'dsa2048', 'sign')
    expect(await personsBy(dsa, stockSignature(dsa))).toEqual([])
    const koblitz = stockKey('koblitz', 'secp256k1', 'sign')
    await expect(personsBy(koblitz, stockSignature(koblitz))).rejects.toMatchObject({ code: 'bad-key' })
    const strong = stockKey('strong', 'rsa3072', 'sign')
    expect(await personsBy(strong, stockSignature(strong, '--digest-algo', 'SHA256'))).toEqual(['dora'])
    for (const hash of ['SHA1', 'RIPEMD160', 'SHA224']) {
      const signature = stockSignature(strong, '--digest-algo', hash)
      expect(signature.length, hash).toBeGreaterThan(300)
      expect(await personsBy(strong, signature), hash).toEqual([])
    }
  }, 120_000)

  test('V33 V54 ignores a text signature, an inline-signed message and an armored signature', async () => {
    const fingerprint = stockKey('texts', 'ed25519', 'sign')
    expect(await personsBy(fingerprint, stockSignature(fingerprint, '--textmode'))).toEqual([])
    expect(
      await personsBy(
        fingerprint,
        stockGpg(gpg, ['--local-user', fingerprint, '--output', '-', '--sign'], signed).stdout,
      ),
    ).toEqual([])
    expect(await personsBy(fingerprint, stockSignature(fingerprint, '--armor'))).toEqual([])
  })

  test('stock gpg verifies what our signers sign over the bytes that are signed', async () => {
    const fingerprint = await generateGpgKey('7ë <zoe@example.org>', gpg)
    const key = await aKey('Filekey', { date: new Date(now) })
    stockGpg(gpg, ['--import'], key.toPublic().write())
    writeFileSync(join(gpg.home, 'bytes'), signed)
    const signatures = [
      await createGpgSigner(fingerprint, gpg).sign(signed),
      await signBytes(signed, key, { date: Date.now() as Instant }),
    ]
    for (const signature of signatures) {
      writeFileSync(join(gpg.home, 'bytes.sig'), signature)
      expect(
        stockGpg(gpg, ['--verify', join(gpg.home, 'bytes.sig'), join(gpg.home, 'bytes')]).stderr,
      ).toContain('Good signature')
    }
    expect(encodeEnvelope({ type: 'mig.action.v3', body, signatures }).length).toBeLessThan(1024)
  })

  test('a key made through gpg is listed, exported, signs and reads', async () => {
    const fingerprint = await generateGpgKey('Ada Lovelace <ada@example.org>', gpg)
    const keys = await listGpgKeys(gpg)
    expect(keys.find((key) => key.fingerprint === fingerprint)).toEqual({
      fingerprint,
      userIds: ['Ada Lovelace <ada@example.org>'],
      canSign: true,
      canEncrypt: true,
    })
    const signer = createGpgSigner(fingerprint, gpg)
    const certificate = await signer.publicCertificate()
    expect(certificate).toEqual(await exportGpgCertificate(fingerprint, gpg))
    const keyring = await readKeyring(
      [{ name: 'ada', keys: [{ fingerprint, certificate: base64Encode(certificate) }] }],
      new Set(),
    )
    const [reader] = keyring.keysOf('ada')
    if (reader === undefined) throw new Error('no key')
    const secret = new Uint8Array(32).fill(5)
    expect(await openReplyKey(await sealReplyKey(secret, [reader]), signer)).toEqual(secret)
  })

  test('a gpg sign-only key is named as unable to read', async () => {
    const fingerprint = stockKey('signonly', 'ed25519', 'sign')
    const certificate = base64Encode(await exportGpgCertificate(fingerprint, gpg))
    const keyring = await readKeyring([{ name: 'signonly', keys: [{ fingerprint, certificate }] }], new Set())
    expect(await readersWithout(keyring.keysOf('signonly'))).toEqual(['signonly'])
    await expect(sealReplyKey(new Uint8Array(32), keyring.keysOf('signonly'))).rejects.toMatchObject({
      code: 'bad-key',
      message: expect.stringContaining('signonly'),
    })
  })

  test('a local-user line in gpg.conf, which adds a second signature, is found out', async () => {
    const other = aGpgHome()
    try {
      const [first, second] = [
        await generateGpgKey('First Person <first@example.org>', other),
        await generateGpgKey('Second Person <second@example.org>', other),
      ]
      writeFileSync(join(other.home, 'gpg.conf'), `local-user ${second}\narmor\ntextmode\n`)
      await expect(createGpgSigner(first, other).sign(signed)).rejects.toMatchObject({
        code: 'gpg-failed',
        hint: expect.stringContaining('gpg.conf'),
      })
      writeFileSync(join(other.home, 'gpg.conf'), 'armor\ntextmode\ndigest-algo SHA1\n')
      expect((await createGpgSigner(first, other).sign(signed))[0]).toBe(0x88)
    } finally {
      other.remove()
    }
  })

  test('a wrong passphrase, a missing key, a missing gpg, and one that hangs', async () => {
    const fingerprint = await generateGpgKey('Locked Person <locked@example.org>', gpg)
    const wrong = { ...gpg, passphrase: 'not this one' }
    spawnSync('gpgconf', ['--homedir', gpg.home, '--reload', 'gpg-agent'], {
      env: gpg.env as NodeJS.ProcessEnv,
    })
    await expect(createGpgSigner(fingerprint, wrong).sign(signed)).rejects.toMatchObject({
      code: 'bad-passphrase',
    })
    await expect(createGpgSigner('A'.repeat(40) as Fingerprint, gpg).sign(signed)).rejects.toMatchObject({
      code: 'gpg-failed',
      message: expect.stringMatching(/No secret key/),
    })
    await expect(exportGpgCertificate('A'.repeat(40) as Fingerprint, gpg)).rejects.toMatchObject({
      code: 'not-found',
    })
    await expect(createGpgSigner(fingerprint, gpg).decrypt(utf8('nothing'))).rejects.toMatchObject({
      code: 'gpg-failed',
    })
    const none = { ...gpg, gpgPath: '/nonexistent/gpg' }
    expect(await gpgAvailable(none)).toBeUndefined()
    await expect(createGpgSigner(fingerprint, none).sign(signed)).rejects.toMatchObject({
      code: 'gpg-missing',
    })
    writeFileSync(join(gpg.home, 'slow'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 })
    const slow = { ...gpg, gpgPath: join(gpg.home, 'slow') }
    await expect(createGpgSigner(fingerprint, { ...slow, timeoutMs: 50 }).sign(signed)).rejects.toMatchObject(
      { code: 'timeout' },
    )
    await expect(
      createGpgSigner(fingerprint, { ...slow, signal: AbortSignal.abort() }).sign(signed),
    ).rejects.toMatchObject({ code: 'cancelled' })
    writeFileSync(join(gpg.home, 'flood'), '#!/bin/sh\nexec cat /dev/zero\n', { mode: 0o755 })
    await expect(
      createGpgSigner(fingerprint, { ...gpg, gpgPath: join(gpg.home, 'flood') }).sign(signed),
    ).rejects.toMatchObject({ code: 'too-large' })
  })

  test('the passphrase stands in no argument', async () => {
    writeFileSync(join(gpg.home, 'echo'), '#!/bin/sh\necho "gpg: $*" >&2\nexit 2\n', { mode: 0o755 })
    const telling = createGpgSigner('A'.repeat(40) as Fingerprint, {
      ...gpg,
      gpgPath: join(gpg.home, 'echo'),
      passphrase: 'open sesame',
    })
    await expect(telling.sign(signed)).rejects.toMatchObject({
      message: expect.not.stringContaining('sesame'),
    })
    await expect(telling.sign(signed)).rejects.toMatchObject({
      message: expect.stringContaining('--passphrase-fd 3'),
    })
  })

  test('a key can be imported, and the version is told', async () => {
    const key = await aKey('Imported', { date: new Date(now) })
    expect(await importGpgKey(key.toPublic().write(), gpg)).toEqual([key.getFingerprint().toUpperCase()])
    expect(await gpgAvailable(gpg)).toMatch(/^2\.\d/)
    await expect(importGpgKey(utf8('nothing'), gpg)).rejects.toMatchObject({ code: 'gpg-failed' })
  })

  test('a user id that would write its own lines into the key parameters is refused', async () => {
    for (const text of [
      'Eve\nPassphrase: x <eve@example.org>',
      'no mail',
      'Eve <eve>',
      'Eve <eve@example.org> x',
      `${'x'.repeat(300)} <a@example.org>`,
    ]) {
      await expect(generateGpgKey(text, gpg)).rejects.toMatchObject({ code: 'usage' })
    }
  })
})
