import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { oneSidedDialMs, punchAttemptMs, punchConnectMs } from '../../node/core/limits.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { withDeadline } from '../../node/mesh/hole-punch/deadline.ts'
import { type Endpoint, parseEndpoint } from '../../node/mesh/hole-punch/endpoint.ts'
import { encodePunch, type PunchMessage } from '../../node/mesh/hole-punch/punch-message.ts'
import { answerPunch, type PunchContext, startPunch } from '../../node/mesh/hole-punch/punch-session.ts'
import {
  type HostPlan,
  type SimulatedHost,
  SimulatedInternet,
  streamPair,
  VirtualClock,
} from './hole-punch-kit.ts'

const at = (text: string): Endpoint => parseEndpoint(text) as Endpoint
const relay = { peer: 'relay' as PeerId, at: at('5.5.1.10:4001') }
const never = new AbortController().signal
const oneWayMs = 40

interface Meeting {
  readonly clock: VirtualClock
  readonly internet: SimulatedInternet
  readonly a: SimulatedHost
  readonly b: SimulatedHost
  readonly contexts: { readonly a: PunchContext; readonly b: PunchContext }
  readonly both: () => Promise<readonly [unknown, unknown]>
}

function meeting(plan: {
  readonly a?: Partial<HostPlan>
  readonly b?: Partial<HostPlan>
  readonly listen?: { readonly a?: readonly Endpoint[]; readonly b?: readonly Endpoint[] }
}): Meeting {
  const clock = new VirtualClock()
  const internet = new SimulatedInternet(clock)
  const [peerA, peerB] = ['a', 'b'] as PeerId[] as [PeerId, PeerId]
  const a = internet.host({ peer: peerA, ip: '5.5.2.2', port: 'keeps', ...plan.a })
  const b = internet.host({ peer: peerB, ip: '5.5.3.2', port: 'keeps', ...plan.b })
  const [atA, atB] = streamPair(clock, oneWayMs)
  const shared = { relay, clock }
  const contexts = {
    a: { ...shared, peer: peerB, stream: atA, sockets: a.sockets, listen: plan.listen?.a ?? [] },
    b: { ...shared, peer: peerA, stream: atB, sockets: b.sockets, listen: plan.listen?.b ?? [] },
  }
  const both = () => {
    const starting = startPunch(contexts.a, never).finally(() => atA.close())
    return clock.finish(Promise.all([starting, answerPunch(contexts.b, never).finally(() => atB.close())]))
  }
  return { clock, internet, a, b, contexts, both }
}

describe('a punch', () => {
  it('opens from both sides at once, each from the port that the relay has seen, one of each side', async () => {
    const { both, a, b } = meeting({})
    const through = { kind: 'direct', by: 'simultaneous-open' }
    expect(await both()).toEqual([through, through])
    const [fromA] = a.attempts
    const [fromB] = b.attempts
    expect(fromA).toMatchObject({
      how: 'punch',
      side: 'initiator',
      at: { ip: '5.5.3.2', port: fromB?.localPort },
    })
    expect(fromB).toMatchObject({
      how: 'punch',
      side: 'responder',
      at: { ip: '5.5.2.2', port: fromA?.localPort },
    })
    // Half a round trip after `go` is when `go` is read.
    expect(Math.abs((fromA?.atMs ?? 0) - (fromB?.atMs ?? 0))).toBeLessThan(1)
    expect([a.attempts.length, b.attempts.length]).toEqual([1, 1])
    expect([a.openProbes(), b.openProbes()]).toEqual([0, 0])
  })

  it('fails where a NAT takes another port for each flow, and takes its whole time for it', async () => {
    const { both, clock, a, b } = meeting({ b: { port: 'changes' } })
    const [first, second] = await both()
    expect(first).toMatchObject({ kind: 'failed' })
    expect(second).toMatchObject({ kind: 'failed' })
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(punchConnectMs)
    expect([a.openProbes(), b.openProbes()]).toEqual([0, 0])
  })

  it('tells nobody by its time whether a port was closed or filtered', async () => {
    const { clock, contexts } = meeting({})
    Object.assign(contexts.b.sockets, { punch: () => Promise.reject(new Error('ECONNREFUSED')) })
    const starting = startPunch(contexts.a, never)
    starting.catch(() => undefined)
    await clock.finish(answerPunch(contexts.b, never))
    // Two frames each way before it connects, and then all the time that it has.
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(punchConnectMs + 4 * oneWayMs)
  })

  it('dials where the other side listens, when the relay bears that out', async () => {
    const open = at('5.5.3.2:4001')
    const { both, a, b } = meeting({ b: { open }, listen: { b: [open] } })
    const [first] = await both()
    expect(first).toEqual({ kind: 'direct', by: 'dial' })
    expect(a.attempts).toMatchObject([{ how: 'dial', at: open }])
    expect(b.attempts).toEqual([])
  })

  it('lets the other side dial it, when it listens itself', async () => {
    const open = at('5.5.2.2:4001')
    const { both, a, b } = meeting({ a: { open }, listen: { a: [open] } })
    expect(await both()).toEqual([
      { kind: 'direct', by: 'dial' },
      { kind: 'direct', by: 'dial' },
    ])
    expect(b.attempts).toMatchObject([{ how: 'dial', at: open }])
    expect(a.attempts).toEqual([])
  })

  it('opens at once when what the other side listens on is filtered', async () => {
    const { both, a } = meeting({ listen: { b: [at('5.5.3.2:4001')] } })
    expect(await both()).toMatchObject([{ by: 'simultaneous-open' }, { by: 'simultaneous-open' }])
    expect(a.attempts).toMatchObject([{ how: 'dial' }, { how: 'punch' }])
    expect((a.attempts[1]?.atMs ?? 0) - (a.attempts[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(oneSidedDialMs)
  })

  it('does not dial a third host that the other side names', async () => {
    const { contexts, clock, internet, a } = meeting({})
    internet.lies.set('b' as PeerId, at('5.5.3.2:20500'))
    const victims = [at('5.5.9.9:4001'), at('10.0.0.1:4001'), at('127.0.0.1:4001'), at('5.5.3.2:22')]
    for (const message of [{ kind: 'answer', listen: victims }, { kind: 'pong' }] as const)
      await contexts.b.stream.write(encodePunch({ v: 1, ...message }), { signal: never })
    await clock.finish(startPunch(contexts.a, never))
    expect(a.attempts).toMatchObject([{ how: 'punch', at: at('5.5.3.2:20500') }])
  })

  it.each([
    ['a private address', '10.0.0.1:20001', 'address-refused'],
    ['the machine itself', '127.0.0.1:20001', 'address-refused'],
    ["a cloud's metadata", '169.254.169.254:20001', 'address-refused'],
    ['a service port', '5.5.3.2:22', 'address-refused'],
    ['nothing', undefined, 'not-observed'],
  ])('connects to nothing when the relay says %s', async (_what, said, reason) => {
    const { both, internet, a, b } = meeting({})
    internet.lies.set('a' as PeerId, said === undefined ? undefined : at(said))
    const declined = { kind: 'declined', reason }
    expect(await both()).toEqual([declined, declined])
    expect([...a.attempts, ...b.attempts]).toEqual([])
    expect([a.openProbes(), b.openProbes()]).toEqual([0, 0])
  })

  it('goes through private networks that no NAT divides', async () => {
    const { both } = meeting({
      a: { ip: '10.1.0.2', untranslated: true },
      b: { ip: '10.2.0.2', untranslated: true },
    })
    expect(await both()).toMatchObject([{ kind: 'direct' }, { kind: 'direct' }])
  })

  it('is not tried behind one NAT', async () => {
    const { both, a, b } = meeting({ b: { ip: '5.5.2.2' } })
    const declined = { kind: 'declined', reason: 'same-nat' }
    expect(await both()).toEqual([declined, declined])
    expect([...a.attempts, ...b.attempts]).toEqual([])
  })
})

const hostileFrame: fc.Arbitrary<Uint8Array | undefined> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  {
    weight: 12,
    arbitrary: fc
      .constantFrom<PunchMessage['kind']>('offer', 'answer', 'dial-me', 'dialled', 'ping', 'pong', 'go')
      .chain((kind) => {
        const targets = fc.subarray(
          ['5.5.3.2:4001', '5.5.9.9:4001', '10.0.0.1:8080', '127.0.0.1:9000'].map(at),
        )
        return targets.map((listen) => {
          if (kind === 'offer' || kind === 'answer') return encodePunch({ v: 1, kind, listen })
          if (kind === 'dialled') return encodePunch({ v: 1, kind, ok: false })
          return encodePunch({ v: 1, kind } as PunchMessage)
        })
      }),
  },
)

/** Frames that get somewhere, with noise between. */
function script(good: readonly PunchMessage[]): fc.Arbitrary<readonly (Uint8Array | undefined)[]> {
  const honest = good.map((message) =>
    fc.oneof({ weight: 8, arbitrary: fc.constant(encodePunch(message)) }, hostileFrame),
  )
  return fc.tuple(fc.tuple(...honest), fc.array(hostileFrame, { maxLength: 4 })).map(([a, b]) => [...a, ...b])
}

const listen = ['5.5.9.9:4001', '5.5.3.2:4001', '5.5.3.2:4002', '5.5.3.2:4003'].map(at)
const victim = at('5.5.3.2:20500')

describe('whatever the other side sends', () => {
  it.each([
    [
      'the starter',
      startPunch,
      [
        { v: 1, kind: 'answer', listen },
        { v: 1, kind: 'pong' },
      ],
    ],
    [
      'the other side',
      answerPunch,
      [
        { v: 1, kind: 'offer', listen },
        { v: 1, kind: 'dial-me' },
        { v: 1, kind: 'ping' },
        { v: 1, kind: 'go' },
      ],
    ],
  ] as const)(
    '%s connects only to where the relay sees it, three times at most, and ends',
    async (_who, run, good) => {
      await fc.assert(
        fc.asyncProperty(script(good), async (frames) => {
          const { contexts, clock, internet, a } = meeting({})
          internet.lies.set('b' as PeerId, victim)
          for (const frame of frames) {
            if (frame === undefined) await contexts.b.stream.close()
            else await contexts.b.stream.write(frame, { signal: never })
          }
          await clock.finish(
            withDeadline(clock, punchAttemptMs, never, (signal) => run(contexts.a, signal)).catch(
              () => undefined,
            ),
          )
          expect(clock.monotonicMs()).toBeLessThanOrEqual(punchAttemptMs)
          expect(a.attempts.length).toBeLessThanOrEqual(3)
          for (const { how, at: target } of a.attempts) {
            expect(target.ip).toBe(victim.ip)
            if (how === 'punch') expect(target).toEqual(victim)
          }
          expect(a.openProbes()).toBe(0)
        }),
        { numRuns: 300 },
      )
    },
  )
})
