import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { type Direction, type Phase, type Probe, phases } from '../../node/core/probe.ts'

/** What one sort of node has used. */
export interface Account {
  /** Milliseconds of the main thread. */
  readonly ms: Record<Phase, number>
  readonly wire: Traffic
  /** By the short name of the protocol: `sync`, `ping`. */
  readonly payload: Map<string, Traffic>
}

export interface Traffic {
  inBytes: number
  outBytes: number
  inMessages: number
  outMessages: number
}

export interface Accounts {
  /** @param name nodes of one name share an account */
  probeOf(name: string): Probe
  /** What has been used since `clear`. */
  read(name: string): Account
  clear(): void
  stop(): void
}

/** Accounts of nodes that share one thread. Whatever runs was begun in some node for some purpose; Node.js tells for each callback and each
 *  continuation what it belongs to (async_hooks), and the clock is read whenever that changes. */
export function createAccounts(): Accounts {
  const storage = new AsyncLocalStorage<Place>()
  const accounts = new Map<string, Account>()
  /** Callbacks of no node's, and the time between callbacks, when nothing runs. */
  const nobody: Place = { account: emptyAccount(), phase: 'other' }
  /** What was counted before the callbacks that run now: one may begin within another. */
  const interrupted: Place[] = []
  let current = nobody
  let sinceMs = performance.now()

  function change(to: Place): void {
    const nowMs = performance.now()
    current.account.ms[current.phase] += nowMs - sinceMs
    sinceMs = nowMs
    current = to
  }
  const hook = createHook({
    before() {
      interrupted.push(current)
      change(storage.getStore() ?? nobody)
    },
    after() {
      change(interrupted.pop() ?? nobody)
    },
  })
  hook.enable()

  function accountOf(name: string): Account {
    const held = accounts.get(name)
    if (held !== undefined) return held
    const made = emptyAccount()
    accounts.set(name, made)
    return made
  }

  return {
    probeOf(name) {
      const account = accountOf(name)
      const places = Object.fromEntries(phases.map((phase) => [phase, { account, phase }])) as Record<
        Phase,
        Place
      >
      return {
        measure(phase, work) {
          const place = places[phase]
          const before = current
          change(place)
          try {
            return storage.run(place, work)
          } finally {
            change(before)
          }
        },
        wire: (direction, bytes) => add(account.wire, direction, bytes),
        payload(protocol, direction, bytes) {
          const short = nameOf(protocol)
          const traffic = account.payload.get(short) ?? emptyTraffic()
          account.payload.set(short, traffic)
          add(traffic, direction, bytes)
        },
      }
    },
    read(name) {
      change(current)
      const { ms, wire, payload } = accountOf(name)
      return {
        ms: { ...ms },
        wire: { ...wire },
        payload: new Map([...payload].map(([protocol, traffic]) => [protocol, { ...traffic }])),
      }
    },
    clear() {
      change(current)
      for (const account of accounts.values()) {
        for (const phase of phases) account.ms[phase] = 0
        Object.assign(account.wire, emptyTraffic())
        account.payload.clear()
      }
    },
    stop() {
      hook.disable()
      storage.disable()
    },
  }
}

/** `/mig/1/<fleet>/sync`, `/ipfs/ping/1.0.0`, `/meshsub/1.2.0` */
function nameOf(protocol: string): string {
  const parts = protocol.split('/').filter((part) => part !== '' && !/^[0-9.]+$/.test(part))
  const name = parts.at(-1) ?? protocol
  return name === 'meshsub' ? 'gossip' : name === 'id' ? 'identify' : name
}

interface Place {
  readonly account: Account
  readonly phase: Phase
}

function add(traffic: Traffic, direction: Direction, bytes: number): void {
  if (direction === 'in') {
    traffic.inBytes += bytes
    traffic.inMessages++
  } else {
    traffic.outBytes += bytes
    traffic.outMessages++
  }
}

function emptyTraffic(): Traffic {
  return { inBytes: 0, outBytes: 0, inMessages: 0, outMessages: 0 }
}

function emptyAccount(): Account {
  const ms = Object.fromEntries(phases.map((phase) => [phase, 0])) as Record<Phase, number>
  return { ms, wire: emptyTraffic(), payload: new Map() }
}
