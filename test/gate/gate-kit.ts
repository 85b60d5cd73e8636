import { randomBytes } from 'node:crypto'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { onTestFinished } from 'vitest'
import type { ActionBody } from '../../node/core/action.ts'
import { canonicalBytes } from '../../node/core/canonical-json.ts'
import type { Certificate } from '../../node/core/certificate.ts'
import type { Clock, Instant } from '../../node/core/clock.ts'
import { base64UrlEncode } from '../../node/core/encoding.ts'
import { decodeEnvelope, documentId, type Envelope, encodeEnvelope } from '../../node/core/envelope.ts'
import { formatInstant, plusSeconds } from '../../node/core/instant.ts'
import type { PolicyBody } from '../../node/core/policy.ts'
import type { Gate } from '../../node/gate/gate.ts'
import { createLocalGate } from '../../node/gate/local-gate.ts'
import type { OutsideMemory } from '../../node/gate/rollback-guard.ts'
import type { Runner } from '../../node/gate/runner.ts'
import { readCertificate } from '../../node/roles/enrol.ts'
import { createOutsideMemory } from '../../node/roles/outside-memory.ts'
import { openLevelStore } from '../../node/store/level-store.ts'
import type { Store } from '../../node/store/store.ts'
import { signCertificate } from '../../node/verification/membership.ts'
import { gateKeysOf, nodeKeysOf } from '../../node/verification/node-keys.ts'
import { temporaryDirectory } from '../fixtures/temporary-directory.ts'
import { aKey, aPerson, aPolicy, aRoot, at, bodyOf, grant, now, wireOf } from '../verification/pgp/pgp-kit.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { aReceipt, bodyOfAnswer, originKeys } from './receipt.ts'
import { createTestRunner, type TestRunner } from './test-runner.ts'

export const seconds = 1000
export const minutes = 60 * seconds
export const hours = 60 * minutes

/** The reply key of every action here. */
export const replySeed = new Uint8Array(32).fill(5)

/** alice and bob each have weight 1, two are needed for `file`, one for everything else. carol may stop what others started. */
export interface TestFleet {
  readonly id: string
  readonly rootWire: Uint8Array
  readonly keys: Readonly<Record<'alice' | 'bob' | 'carol', PrivateKey>>
  policy(version: number, change?: Partial<PolicyBody>): Promise<TestDocument>
  /** A question whose word the test runner writes down. */
  question(word: string, change?: Partial<ActionBody>): Record<string, unknown>
  action(body: Record<string, unknown>, ...signers: readonly PrivateKey[]): Promise<TestDocument>
  cancel(actionid: string, signer: PrivateKey, issuedAt?: Instant): Promise<TestDocument>
}

export interface TestDocument {
  readonly id: string
  readonly wire: Uint8Array
}

export async function aTestFleet(): Promise<TestFleet> {
  const [alice, bob, carol] = await Promise.all([aKey('alice'), aKey('bob'), aKey('carol')])
  const people = [aPerson('alice', alice), aPerson('bob', bob), aPerson('carol', carol)]
  const rootBody = aRoot(people)
  const id = documentId({ type: 'mig.root.v1', body: bodyOf(rootBody) })
  const rootWire = await wireOf('mig.root.v1', rootBody, [alice])
  const sign = async (
    type: 'mig.policy.v1' | 'mig.action.v3' | 'mig.cancel.v1',
    body: Record<string, unknown>,
    signers: readonly PrivateKey[],
    date?: Instant,
  ) => ({
    id: documentId({ type, body: bodyOf(body) }),
    wire: await wireOf(type, body, signers, date === undefined ? {} : { date }),
  })
  const both = { alice: [alice, 1], bob: [bob, 1] } as const
  const policy: TestFleet['policy'] = (version, change = {}) =>
    sign(
      'mig.policy.v1',
      aPolicy(id, people, {
        version,
        acl: { default: grant(1, both), file: grant(2, both) },
        stop: ['carol'],
        ...change,
      }),
      [alice],
    )
  const first = await policy(1)
  return {
    id,
    rootWire,
    keys: { alice, bob, carol },
    policy,
    question: (word, change = {}) => ({
      syntaxversion: 3,
      fleet: id,
      nonce: base64UrlEncode(randomBytes(16)),
      name: `where is ${word}`,
      target: 'TRUE',
      issuedat: formatInstant(now),
      validfrom: formatInstant(at(-60)),
      expireafter: formatInstant(at(3600)),
      operations: [{ module: 'example', parameters: { lookuphost: [word] } }],
      origin: originKeys.peerId,
      replyto: {
        x25519: base64UrlEncode(gateKeysOf(new Uint8Array(32), replySeed).sealingKey),
        readers: ['A'.repeat(40)],
      },
      resultttl: 86_400,
      policymin: { version: 1, hash: first.id },
      stoppers: [],
      ...change,
    }),
    action: (body, ...signers) =>
      sign('mig.action.v3', body, signers.length === 0 ? [alice] : signers, dateOf(body.issuedat)),
    cancel: (actionid, signer, issuedAt = now) => {
      const body = { v: 1, fleet: id, actionid, issuedat: formatInstant(issuedAt) }
      return sign('mig.cancel.v1', body, [signer], issuedAt)
    },
  }
}

function dateOf(issuedat: unknown): Instant {
  return Date.parse(String(issuedat)) as Instant
}

/** Two copies of one action, put together as the mesh process does. */
export function unionOf(a: TestDocument, b: TestDocument): Uint8Array {
  const [one, other] = [a, b].map(({ wire }) => decodeEnvelope(wire) as Envelope)
  return encodeEnvelope({
    ...(one as Envelope),
    signatures: [...(one?.signatures ?? []), ...(other?.signatures ?? [])],
  })
}

/** An endpoint's state on disk: keys, `store/`, and `<state>.steps` beside it. */
export interface TestMachine {
  readonly path: string
  readonly certificate: Certificate
  readonly certificateWire: Uint8Array
  readonly answerSeed: Uint8Array
  readonly clock: ManualClock
  readonly runner: TestRunner
  /** Has a gate ever finished its first start here? */
  isBorn: boolean
  start(options?: StartOptions): Promise<TestGate>
  /** Copies the store, as a backup would, and later puts the copy back. */
  backUp(): Promise<() => void>
  /** The same of the whole machine: the counter outside as well. */
  image(): Promise<() => void>
  loseStore(): void
  loseOutside(): void
}

export interface StartOptions {
  readonly runner?: Runner
  readonly clock?: Clock
  readonly checkSpace?: () => Promise<void>
  readonly wrapStore?: (store: Store) => Store
  readonly wrapOutside?: (outside: OutsideMemory) => OutsideMemory
}

export interface TestGate extends Gate {
  readonly events: TestEvents
  /** Stops and closes the store. */
  close(): Promise<void>
}

export interface TestEvents {
  readonly all: readonly (readonly [event: string, details: Record<string, unknown>])[]
  /** Resolves when so many of these have been logged in all. */
  seen(event: string, count?: number): Promise<Record<string, unknown>>
}

/** @param path of a machine that was there before; its store is gone, the counter outside is not */
export function aMachine(fleet: TestFleet, path = join(temporaryDirectory(), 'state')): TestMachine {
  const identity = anIdentity(fleet.id)
  const clock = createManualClock(now)
  const runner = createTestRunner()
  const machine: TestMachine = {
    path,
    ...identity,
    clock,
    runner,
    isBorn: false,
    async start(options = {}) {
      const opened = await openLevelStore(join(path, 'store'))
      const outside = createOutsideMemory(path)
      const events = createEvents()
      try {
        const gate = await createLocalGate(
          {
            ...identity,
            version: '0.1.0',
            mode: 'daemon',
            unborn: !machine.isBorn,
            storeLost:
              machine.isBorn &&
              (opened.opening.wasLost || opened.opening.wasRepaired || opened.opening.wasCreated),
          },
          {
            store: options.wrapStore?.(opened) ?? opened,
            outside: options.wrapOutside?.(outside) ?? outside,
            clock: options.clock ?? clock,
            runner: options.runner ?? runner,
            environment: () => ({
              init: 'systemd',
              ident: 'Debian',
              os: 'linux',
              arch: 'amd64',
              addresses: [],
              modules: [],
            }),
            processId: process.pid,
            checkSpace: options.checkSpace ?? (async () => undefined),
            log: events.log,
          },
        )
        machine.isBorn = true
        const close = async () => {
          await gate.stop()
          await opened.close()
        }
        onTestFinished(close)
        return { ...gate, events, close }
      } catch (error) {
        await opened.close()
        throw error
      }
    },
    async backUp() {
      const copy = join(temporaryDirectory(), 'copy')
      cpSync(join(path, 'store'), copy, { recursive: true })
      return () => {
        rmSync(join(path, 'store'), { recursive: true })
        cpSync(copy, join(path, 'store'), { recursive: true })
      }
    },
    async image() {
      const restore = await machine.backUp()
      const copy = join(temporaryDirectory(), 'steps')
      cpSync(`${path}.steps`, copy)
      return () => {
        restore()
        cpSync(copy, `${path}.steps`)
      }
    },
    loseStore: () => rmSync(join(path, 'store'), { recursive: true }),
    loseOutside: () => rmSync(`${path}.steps`),
  }
  return machine
}

export function anIdentity(fleet: string) {
  const peer = nodeKeysOf(new Uint8Array(randomBytes(32)))
  const answerSeed = new Uint8Array(randomBytes(32))
  const gate = gateKeysOf(answerSeed, new Uint8Array(randomBytes(32)))
  const certificateWire = signCertificate(
    {
      v: 1,
      fleet,
      role: 'agent',
      name: 'web1',
      peerid: peer.peerId,
      answerkey: base64UrlEncode(gate.answerKey),
      sealingkey: base64UrlEncode(gate.sealingKey),
      tags: { team: 'web' },
      serial: 1,
      notbefore: formatInstant(now),
      notafter: formatInstant(plusSeconds(now, 86_400)),
      invite: documentId({ type: 'mig.invite.v1', body: canonicalBytes({}) }),
    },
    new Uint8Array(32).fill(3),
    peer.peerSeed,
  )
  return { certificate: readCertificate(certificateWire), certificateWire, answerSeed }
}

function createEvents() {
  const all: (readonly [string, Record<string, unknown>])[] = []
  const watchers = new Set<() => void>()
  return {
    all,
    log(event: string, details: Record<string, unknown> = {}) {
      all.push([event, details])
      for (const watcher of watchers) watcher()
    },
    seen: (event: string, count = 1) =>
      new Promise<Record<string, unknown>>((resolve) => {
        const look = () => {
          const found = all.filter(([name]) => name === event)[count - 1]
          if (found === undefined) return
          watchers.delete(look)
          resolve(found[1])
        }
        watchers.add(look)
        look()
      }),
  }
}

/** Gives the gate its fleet's first policy. */
export async function givePolicy(gate: Gate, fleet: TestFleet, version = 1): Promise<void> {
  const policy = await fleet.policy(version)
  const answer = await gate.offerPolicy(fleet.rootWire, policy.wire)
  if (answer.kind === 'not-taken') throw new Error(`${answer.code}: ${answer.detail}`)
}

/** The public part of every result and status that waits, by action. */
export async function answersOf(gate: Gate): Promise<Record<string, Record<string, unknown>>> {
  const entries = (await gate.outbox()).map((entry) => [entry.actionId, bodyOfAnswer(entry)] as const)
  return Object.fromEntries(entries)
}

/** The origin confirms everything that waits. */
export async function confirmAll(gate: Gate): Promise<void> {
  for (const entry of await gate.outbox())
    if (entry.kind === 'result') await gate.offerReceipt(aReceipt(entry))
}
