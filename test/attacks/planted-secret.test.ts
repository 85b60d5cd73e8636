import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { base64Encode } from '../../node/core/encoding.ts'
import { Gossip } from '../../node/mesh/gossip.ts'
import { Libp2pFrameStream } from '../../node/mesh/libp2p-frame-stream.ts'
import type { LabAgent, LabPerson } from '../../node/roles/lab.ts'
import * as keys from '../../node/store/keyspace.ts'
import { openLevelStore } from '../../node/store/level-store.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Store } from '../../node/store/store.ts'
import { createKeyFileSigner } from '../../node/verification/key-file-signer.ts'
import { createKeyFile, readOnePrivateKey, unlock } from '../../node/verification/key-store.ts'
import { aRealFleet, passphrase as realPassphrase } from '../processes/real-fleet.ts'
import {
  type AttackedLab,
  anAttackedLab,
  aSignedAction,
  send,
  settled,
  until,
  whenKnown,
} from './attack-kit.ts'
import { findSecrets } from './search.ts'

/** The numbers of a PGP key that only its owner may know. */
async function privateNumbers(path: string, passphrase: string): Promise<Map<string, Uint8Array>> {
  const key = await unlock(await readOnePrivateKey(readFileSync(path)), passphrase)
  const packets = [key.keyPacket, ...key.subkeys.map((subkey) => subkey.keyPacket)]
  const numbers = packets.flatMap((packet) => {
    const { privateParams } = packet as unknown as { readonly privateParams: Record<string, unknown> }
    return Object.values(privateParams).filter((value): value is Uint8Array => value instanceof Uint8Array)
  })
  if (numbers.length < packets.length) throw new Error('the private numbers of a key were not found')
  return new Map(numbers.map((number, i) => [`private key ${i}`, Uint8Array.from(number)]))
}

async function contentOf(store: Store): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const [key, value] of store.entries({ from: '', to: '\u{10ffff}' }))
    parts.push(Buffer.from(key), Buffer.from(value), Buffer.from('\n'))
  return Buffer.concat(parts)
}

const utf8 = (text: string) => new Uint8Array(Buffer.from(text))
const words = (name: string) => `${name}-${randomBytes(9).toString('hex')}`

describe('a search for secrets', () => {
  it.each(['raw', 'hex', 'base64', 'deflated', 'deflated base64'])('finds what is planted %s', (form) => {
    const secret = randomBytes(20)
    const planted = {
      raw: secret,
      hex: Buffer.from(secret.toString('hex')),
      base64: Buffer.from(Buffer.concat([Buffer.from('x'), secret, Buffer.from('yz')]).toString('base64')),
      deflated: deflateSync(Buffer.concat([Buffer.alloc(99, 7), secret])),
      'deflated base64': deflateSync(secret.toString('base64')),
    }[form] as Buffer
    const bytes = Buffer.concat([randomBytes(500), planted, randomBytes(500)])
    expect(findSecrets(bytes, new Map([['it', secret]])).length).toBeGreaterThan(0)
    expect(findSecrets(bytes, new Map([['another', randomBytes(20)]]))).toEqual([])
  })
})

describe('what is found on a machine, and what an investigator alone knows', () => {
  const keyDirectory = mkdtempSync(join(tmpdir(), 'mig-keys-'))
  const recorded = { frames: [] as Buffer[], wire: [] as Buffer[] }
  const restore: (() => void)[] = []
  let attacked: AttackedLab

  /** Everything that any node of this process hands to the encryption, and everything that leaves on a socket. */
  function record(): void {
    const { write } = Libp2pFrameStream.prototype
    Libp2pFrameStream.prototype.write = function (frame, options) {
      recorded.frames.push(Buffer.from(frame))
      return write.call(this, frame, options)
    }
    const { publish } = Gossip.prototype
    Gossip.prototype.publish = function (topic, bytes) {
      recorded.frames.push(Buffer.from(bytes))
      return publish.call(this, topic, bytes)
    }
    const socketWrite = Socket.prototype.write
    Socket.prototype.write = function (this: Socket, ...args: Parameters<Socket['write']>) {
      if (typeof args[0] !== 'string') recorded.wire.push(Buffer.from(args[0]))
      return socketWrite.apply(this, args)
    } as Socket['write']
    restore.push(() => {
      Libp2pFrameStream.prototype.write = write
      Gossip.prototype.publish = publish
      Socket.prototype.write = socketWrite
    })
  }
  beforeAll(record)
  afterAll(async () => {
    for (const undo of restore) undo()
    await attacked?.stop()
    rmSync(keyDirectory, { recursive: true, force: true })
  })

  it('is on no frame, in no store and in no log (T1, T5)', async () => {
    const passphrase = words('passphrase')
    const file = await createKeyFile(keyDirectory, 'Ada Example <ada@example.net>', passphrase)
    const ada: LabPerson = {
      name: 'ada',
      weight: 1,
      signer: createKeyFileSigner(file, { askPassphrase: async () => passphrase }),
    }
    const content = words('content')
    const fileName = words('name')
    const fileNames = Array.from({ length: 300 }, (_, i) => `${fileName}-${i}`)
    attacked = await anAttackedLab({ people: [ada] })
    const { lab } = attacked
    const stores = new Map<string, Store>()
    const agents: LabAgent[] = []
    const kept = (name: string): Store => {
      const store = createMemoryStore()
      stores.set(name, store)
      return { ...store, close: async () => undefined }
    }
    const relay = await lab.startRelay('relay', { transport: 'tcp', store: kept('relay') })
    const node = { transport: 'tcp', bootstrap: relay.addresses } as const
    const hit = Object.fromEntries(fileNames.map((name) => [`/etc/cron.d/${name}`, `PASSWORD=${content}\n`]))
    for (const [name, files] of [
      ['guilty', hit],
      ['innocent', { '/etc/cron.d/job': 'true\n' }],
      ['curious', {}],
    ] as const) {
      const root = attacked.machine(name, files)
      agents.push(
        await lab.startAgent(name, { ...node, root, store: kept(name), gateStore: kept(`${name} gate`) }),
      )
    }
    const investigator = await lab.startInvestigator('laptop', { ...node, store: kept('laptop') })
    await whenKnown(investigator, 3)
    const { id, wire } = await aSignedAction(lab, investigator, [ada])
    await send(investigator, wire)
    expect((await settled(investigator, id)).found).toBe(1)
    await investigator.mesh.dial(agents[0]?.addresses ?? [], { signal: AbortSignal.timeout(5000) })
    const whole = await investigator.service.detail(id, 'guilty')
    // It was all there to be read, by the one who asked.
    expect(JSON.stringify(whole)).toContain(fileNames[299])
    await until('the answers are confirmed', async () => investigator.shelf.keys('receipt').length === 3)
    // Not even sealed: where a collector is in reach, no agent carries for another.
    for (const { shelf } of agents)
      expect([...shelf.keys('result'), ...shelf.keys('status'), ...shelf.keys('heartbeat')]).toEqual([])

    const replySeed = (await stores.get('laptop')?.get(keys.replyKey(id))) as Uint8Array
    const owners = new Map([
      ['content of a file', utf8(content)],
      ['passphrase', utf8(passphrase)],
      ...(await privateNumbers(file.path, passphrase)),
    ])
    const everywhere = new Map([...owners, ['name of a file that was found', utf8(fileName)]])
    const outside = new Map([...everywhere, ['reply key', replySeed]])

    const frames = Buffer.concat(recorded.frames)
    expect(frames.includes('(?i)password')).toBe(true)
    expect(findSecrets(frames, outside)).toEqual([])
    expect(recorded.wire.length).toBeGreaterThan(100)
    const onTheWire = Buffer.concat(recorded.wire)
    expect(onTheWire.includes('(?i)password')).toBe(false)
    expect(findSecrets(onTheWire, outside)).toEqual([])
    for (const [name, store] of stores) {
      const held = await contentOf(store)
      expect(held.length).toBeGreaterThan(0)
      expect([name, findSecrets(held, name === 'laptop' ? everywhere : outside)]).toEqual([name, []])
    }
    // The search finds what is there: the asker keeps the reply key.
    const own = await contentOf(stores.get('laptop') as Store)
    expect(findSecrets(own, new Map([['reply key', replySeed]]))).toEqual(['reply key (raw)'])
    const logs = Buffer.from(JSON.stringify(attacked.events))
    expect(logs.includes('outcome')).toBe(true)
    expect(findSecrets(logs, outside)).toEqual([])
  }, 60_000)
})

describe.skipIf(process.platform !== 'linux')('the same with real processes', () => {
  const fleets: Awaited<ReturnType<typeof aRealFleet>>[] = []
  afterEach(() => Promise.all(fleets.map((fleet) => fleet.stop())), 30_000)

  it('is in no file of any node but the fixture, and in nothing that they print', async () => {
    const fleet = await aRealFleet()
    fleets.push(fleet)
    const content = words('content')
    const fileName = words('name')
    const guilty = await fleet.enrolAgent('guilty', { [`/etc/cron.d/${fileName}`]: `PASSWORD=${content}\n` })
    const innocent = await fleet.enrolAgent('innocent', { '/etc/cron.d/job': 'true\n' })
    const nodes = [
      fleet.relay,
      await fleet.startInvestigator(),
      await fleet.startAgent(guilty),
      await fleet.startAgent(innocent),
    ]
    await until('both are known', () =>
      fleet.withService(async (service) => (await service.agents()).length === 2),
    )
    const asked = await fleet.mig('-y', 'file', '-path', '/etc/cron.d', '-content', '(?i)password')
    expect(asked.stdout).toContain(fileName)
    const replySeeds = await fleet.withService(async (service) =>
      (await service.actions()).map(({ id }) => id),
    )
    for (const { child } of nodes) child.kill('SIGTERM')
    await Promise.all(nodes.map(({ ended }) => ended))

    const { home } = fleet.desk
    const keyFile = readdirSync(join(home, 'keys')).find((name) => /\.(asc|pgp|key)$/.test(name)) ?? ''
    const owners = new Map([
      ['content of a file', utf8(content)],
      ['passphrase', utf8(realPassphrase)],
      ...(await privateNumbers(join(home, 'keys', keyFile), realPassphrase)),
    ])
    const everywhere = new Map([...owners, ['name of a file that was found', utf8(fileName)]])
    const laptop = await openLevelStore(join(home, 'investigator', 'mesh', 'store'))
    const replySeed = (await laptop.get(keys.replyKey(replySeeds[0] ?? ''))) as Uint8Array
    await laptop.close()
    const outside = new Map([...everywhere, ['reply key', replySeed]])
    const secretsOf = (path: string) => (path.startsWith('investigator') ? everywhere : outside)

    const files = readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(home, join(entry.parentPath, entry.name)))
      .filter((path) => !path.startsWith('machines/'))
    expect(files.length).toBeGreaterThan(30)
    for (const path of files)
      expect([path, findSecrets(readFileSync(join(home, path)), secretsOf(path))]).toEqual([path, []])
    // Tables of LevelDB are compressed: what they hold is read, too.
    const stores = files.filter((path) => path.endsWith('/CURRENT')).map((path) => join(path, '..'))
    expect(stores).toHaveLength(6)
    for (const path of stores) {
      const store = await openLevelStore(join(home, path))
      const held = await contentOf(store)
      await store.close()
      expect([path, findSecrets(held, secretsOf(path))]).toEqual([path, []])
    }
    for (const { stdout, stderr } of nodes) {
      expect(stderr()).toContain('"event":')
      expect(findSecrets(utf8(stdout() + stderr()), outside)).toEqual([])
    }
    expect(findSecrets(utf8(asked.stdout + asked.stderr), owners)).toEqual([])
    expect(base64Encode(replySeed)).toHaveLength(44)
  }, 90_000)
})
