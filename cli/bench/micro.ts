import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { canonicalBytes } from '../../node/core/canonical-json.ts'
import { base64Encode, base64UrlEncode } from '../../node/core/encoding.ts'
import { decodeEnvelope, documentId } from '../../node/core/envelope.ts'
import { MigError } from '../../node/core/error.ts'
import { formatInstant, plusSeconds } from '../../node/core/instant.ts'
import { peerIdOf } from '../../node/core/peer-id.ts'
import type { RootBody } from '../../node/core/policy.ts'
import type { Result } from '../../node/core/result.ts'
import { parseResultBody } from '../../node/core/result.ts'
import { result } from '../../node/store/keyspace.ts'
import { openLevelStore } from '../../node/store/level-store.ts'
import { createKeyFileSigner } from '../../node/verification/key-file-signer.ts'
import { createKeyFile } from '../../node/verification/key-store.ts'
import { readKeyring } from '../../node/verification/keyring.ts'
import { openEnvelope } from '../../node/verification/node-envelope.ts'
import { ed25519PublicKey, x25519PublicKey } from '../../node/verification/node-keys.ts'
import { openSummary, sealSummary } from '../../node/verification/seal.ts'
import { verifySignatures } from '../../node/verification/verify-signatures.ts'
import type { CommandContext } from '../context.ts'
import { signDocument } from '../fleet/sign-document.ts'
import { type Figure, median, milliseconds, perSecond } from './figures.ts'
import type { BenchSize } from './size.ts'

/** What single steps cost on one core. */
export async function benchMicro(
  context: CommandContext,
  directory: string,
  { rateMs, starts }: BenchSize,
): Promise<readonly Figure[]> {
  const { clock, random, terminal } = context
  terminal.progress('signatures')
  const names = ['Alice', 'Bob', 'Carol']
  const files = await Promise.all(
    names.map((name) =>
      createKeyFile(join(directory, 'micro-keys'), `${name} Example <${name}@example.net>`, 'bench'),
    ),
  )
  const signers = files.map((file) => createKeyFileSigner(file, { askPassphrase: async () => 'bench' }))
  const people: RootBody['people'] = await Promise.all(
    signers.map(async (signer, i) => ({
      name: names[i] ?? '',
      keys: [
        { fingerprint: signer.fingerprint, certificate: base64Encode(await signer.publicCertificate()) },
      ],
    })),
  )
  const keyring = await readKeyring(people as Parameters<typeof readKeyring>[0], new Set())
  const body = canonicalBytes({ text: 'x'.repeat(2000) })
  const now = clock.now()
  const verify = async (count: number) => {
    const document = decodeEnvelope(await signDocument('mig.action.v3', body, signers.slice(0, count)))
    if (typeof document === 'string') throw new RangeError(document)
    return perSecond(
      () =>
        verifySignatures(document, keyring, {
          issuedAt: now,
          expireAfter: plusSeconds(now, 300),
          now: clock.now(),
        }),
      rateMs,
    )
  }
  const one = await verify(1)
  const three = await verify(3)

  terminal.progress('sealing')
  const seed = random.bytes(32)
  const replySeed = random.bytes(32)
  const replyKey = x25519PublicKey(replySeed)
  const peerid = peerIdOf(ed25519PublicKey(seed))
  const actionid = documentId({ type: 'mig.action.v3', body })
  const at = formatInstant(now)
  const seal = () =>
    sealSummary({
      outer: {
        v: 1,
        fleet: actionid,
        actionid,
        peerid,
        serial: 1,
        seq: 1,
        outcome: 'done',
        startedat: at,
        endedat: at,
      },
      summary: { peerid, results: [], found: [], truncated: false },
      replyKey,
      sizeBytes: 4096,
      answerSeed: seed,
    })
  const opened = openEnvelope('mig-result', seal())
  const parsed = 'value' in opened ? parseResultBody(opened.value) : 'not sealed'
  if (typeof parsed === 'string') throw new RangeError(parsed)
  const document: Result = parsed
  const seals = await perSecond(seal, rateMs)
  const opens = await perSecond(() => openSummary(document, replySeed), rateMs)

  terminal.progress('storing')
  const store = await openLevelStore(join(directory, 'store'))
  const value = seal()
  let peerNumber = 0
  const stored = await perSecond(() => {
    const writes = Array.from({ length: 64 }, () =>
      store.write(
        [
          {
            put: result(actionid, base64UrlEncode(random.bytes(16)).replace(/[-_]/g, 'a') + peerNumber++),
            value,
          },
        ],
        { sync: true },
      ),
    )
    return Promise.all(writes)
  }, rateMs)
  await store.close()
  const perResult = `${Math.round(Number(stored.replace(/\D/g, '')) * 64).toLocaleString('en')} /s`

  terminal.progress('start-up')
  const [node = process.execPath, ...entry] = context.command
  const startUp = (...args: string[]) => {
    const times = Array.from({ length: starts }, () => {
      const started = performance.now()
      const { status } = spawnSync(node, args, { env: { PATH: context.settings.path, HOME: directory } })
      if (status !== 0) throw new MigError('internal', `${args.join(' ')} ended with ${status}`)
      return performance.now() - started
    })
    return milliseconds(median(times))
  }
  return [
    { what: 'verifications of an action, 1 signature', value: one },
    { what: 'verifications of an action, 3 signatures', value: three },
    { what: 'summaries sealed and signed (4 KiB)', value: seals },
    { what: 'summaries opened', value: opens },
    { what: 'results stored, synced, 64 at once', value: perResult },
    { what: '`mig version`', value: startUp(...entry, 'version'), aim: '150 ms' },
    { what: '`mig help`', value: startUp(...entry, 'help'), aim: '150 ms' },
    { what: 'Node alone (`node -e 0`), for comparison', value: startUp('-e', '0') },
  ]
}
