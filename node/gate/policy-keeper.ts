import { ByteReader, concat, prefixed } from '../core/bytes.ts'
import type { Clock, Instant } from '../core/clock.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { formatInstant, parseInstant } from '../core/instant.ts'
import { maxPolicyBytes } from '../core/limits.ts'
import { gateMeta } from '../store/keyspace.ts'
import type { Store } from '../store/store.ts'
import { openPolicy, openRoot, succeeds, type TrustedPolicy } from '../verification/trusted-policy.ts'
import type { PolicyAnswer } from './gate.ts'
import type { RollbackGuard } from './rollback-guard.ts'

/** The gate's own copy of the fleet's rules: never older than what was ever taken, whatever the store or the mesh process says. */
export interface PolicyKeeper {
  readonly current: TrustedPolicy | undefined
  offer(rootWire: Uint8Array, policyWire: Uint8Array): Promise<PolicyAnswer>
}

export async function openPolicyKeeper(
  fleet: string,
  knownModules: ReadonlySet<string>,
  ports: { readonly store: Store; readonly guard: RollbackGuard; readonly clock: Clock },
): Promise<PolicyKeeper> {
  const { store, guard, clock } = ports
  let current: TrustedPolicy | undefined
  let lastOffer: Promise<unknown> = Promise.resolve()

  async function judge(
    rootWire: Uint8Array,
    policyWire: Uint8Array,
    now: Instant,
  ): Promise<TrustedPolicy | PolicyAnswer> {
    const root = await openRoot(rootWire, fleet, now)
    if (root.kind !== 'accept') return { kind: 'not-taken', code: root.code, detail: `root: ${root.detail}` }
    const policy = await openPolicy(policyWire, root.value, knownModules, now)
    if (policy.kind !== 'accept') return { kind: 'not-taken', code: policy.code, detail: policy.detail }
    if (policy.value.version < guard.policyVersion) {
      return {
        kind: 'not-taken',
        code: 'older',
        detail: `version ${policy.value.version}, this agent has taken ${guard.policyVersion}`,
      }
    }
    const { version, hash } = policy.value
    if (version === guard.policyVersion && guard.policyHash !== undefined && hash !== guard.policyHash) {
      return {
        kind: 'not-taken',
        code: 'equivocation',
        detail: `two policies of version ${version}: ${guard.policyHash} was taken, this is ${hash}`,
      }
    }
    return policy.value
  }

  async function take(rootWire: Uint8Array, policyWire: Uint8Array): Promise<PolicyAnswer> {
    const now = clock.now()
    const judged = await judge(rootWire, policyWire, now)
    if (!('policy' in judged)) return judged
    if (current?.hash === judged.hash) return { kind: 'had', version: judged.version }
    const next = succeeds(current, judged)
    if (next.kind !== 'accept') return { kind: 'not-taken', code: next.code, detail: next.detail }
    const value = concat([prefixed(rootWire), prefixed(policyWire), prefixed(utf8(formatInstant(now)))])
    await store.write([{ put: gateMeta('policy'), value }], { sync: true })
    await guard.confirmPolicy(judged.version, judged.hash)
    current = judged
    return { kind: 'taken', version: judged.version }
  }

  const held = await store.get(gateMeta('policy'))
  if (held !== undefined) {
    const reader = new ByteReader(held)
    const rootWire = reader.prefixed(2 * maxPolicyBytes)
    const policyWire = reader.prefixed(2 * maxPolicyBytes)
    // Judged as of the time when it was taken: a clock that was set back, or a key that has expired since, changes nothing.
    const takenAt = parseInstant(utf8Decode(reader.prefixed(maxInstantBytes) ?? noBytes) ?? '')
    if (rootWire !== undefined && policyWire !== undefined) {
      const judged = await judge(rootWire, policyWire, takenAt ?? clock.now())
      if ('policy' in judged) {
        // A kill may have come between the two places; the store was first.
        if (judged.hash !== guard.policyHash) await guard.confirmPolicy(judged.version, judged.hash)
        current = judged
      }
    }
  }

  return {
    get current() {
      return current
    },
    async offer(rootWire, policyWire) {
      // One after another: two at once would both be compared with the same predecessor.
      const answer = lastOffer.then(() => take(rootWire, policyWire))
      lastOffer = answer.catch(() => undefined)
      return answer
    },
  }
}

const maxInstantBytes = 32
const noBytes = new Uint8Array(0)
