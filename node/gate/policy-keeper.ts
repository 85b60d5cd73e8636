import { ByteReader, concat, prefixed } from '../core/bytes.ts'
import type { Clock } from '../core/clock.ts'
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

  async function judge(rootWire: Uint8Array, policyWire: Uint8Array): Promise<TrustedPolicy | PolicyAnswer> {
    const root = await openRoot(rootWire, fleet, clock.now())
    if (root.kind !== 'accept') return { kind: 'not-taken', code: root.code, detail: `root: ${root.detail}` }
    const policy = await openPolicy(policyWire, root.value, knownModules, clock.now())
    if (policy.kind !== 'accept') return { kind: 'not-taken', code: policy.code, detail: policy.detail }
    if (policy.value.version < guard.policyVersion) {
      return {
        kind: 'not-taken',
        code: 'older',
        detail: `version ${policy.value.version}, this agent has taken ${guard.policyVersion}`,
      }
    }
    return policy.value
  }

  const held = await store.get(gateMeta('policy'))
  if (held !== undefined) {
    const reader = new ByteReader(held)
    const rootWire = reader.prefixed(2 * maxPolicyBytes)
    const policyWire = reader.prefixed(2 * maxPolicyBytes)
    if (rootWire !== undefined && policyWire !== undefined) {
      const judged = await judge(rootWire, policyWire)
      if ('policy' in judged) current = judged
    }
  }

  return {
    get current() {
      return current
    },
    async offer(rootWire, policyWire) {
      const judged = await judge(rootWire, policyWire)
      if (!('policy' in judged)) return judged
      if (current?.hash === judged.hash) return { kind: 'had', version: judged.version }
      const next = succeeds(current, judged)
      if (next.kind !== 'accept') return { kind: 'not-taken', code: next.code, detail: next.detail }
      await store.write(
        [{ put: gateMeta('policy'), value: concat([prefixed(rootWire), prefixed(policyWire)]) }],
        { sync: true },
      )
      await guard.confirmPolicy(judged.version)
      current = judged
      return { kind: 'taken', version: judged.version }
    },
  }
}
