import { seededRandom } from './seeded-random.ts'

/** What is not ours and would differ from run to run, made repeatable for a whole test process: OpenPGP.js works on `crypto.subtle`, whose
 *  jobs end in the order in which threads find time, and draws from `crypto.getRandomValues`. Here its jobs run one after another, in the
 *  order in which they were asked for, and its random numbers come of one seed. */
export interface Calm {
  /** When nothing is under way that was begun before, and nothing has come of it. */
  settle(): Promise<void>
  /** Keys that are made meanwhile come of the seed alone. */
  restart(seed: number): void
}

type Job = (...args: readonly unknown[]) => Promise<unknown>

let calm: Calm | undefined

export function becomeCalm(): Calm {
  calm ??= makeCalm()
  return calm
}

function makeCalm(): Calm {
  let random = seededRandom(0, 'crypto')
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  const { subtle } = globalThis.crypto
  const names = [
    'sign',
    'verify',
    'encrypt',
    'decrypt',
    'digest',
    'importKey',
    'exportKey',
    'deriveKey',
  ] as const
  for (const name of [...names, 'deriveBits', 'wrapKey', 'unwrapKey'] as const) {
    const original = (subtle[name] as Job).bind(subtle)
    const inTurn: Job = (...args) => {
      waiting++
      const job = last.then(() => original(...args))
      last = job
        .catch(() => undefined)
        .then(turn)
        .finally(() => waiting--)
      return job
    }
    Object.defineProperty(subtle, name, { value: inTurn, configurable: true })
  }
  // OpenPGP.js then makes keys itself, from `getRandomValues`.
  const unsupported = () => Promise.reject(new DOMException('not in a simulation', 'NotSupportedError'))
  Object.defineProperty(subtle, 'generateKey', { value: unsupported, configurable: true })
  Object.defineProperty(globalThis.crypto, 'getRandomValues', {
    value<T extends ArrayBufferView>(into: T): T {
      const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength)
      bytes.set(random.bytes(bytes.length))
      return into
    },
    configurable: true,
  })
  return {
    async settle() {
      do {
        await turn()
        while (waiting > 0) await last
      } while (waiting > 0)
    },
    restart(seed) {
      random = seededRandom(seed, 'crypto')
    },
  }
}

/** One round of the event loop: every promise that can go on has gone on. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
