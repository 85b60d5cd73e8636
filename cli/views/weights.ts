import { type Acl, describeWeighing, type Grant, weigh } from '../../node/core/acl.ts'

/** One module's arithmetic, in plain words. */
export interface Weight {
  readonly module: string
  readonly granted: boolean
  /** "weight 1 of 2 for module netstat: agents would refuse; still needed: 1 more, from Bob (1) or Carol (2)". */
  readonly words: string
}

/** May the action run, and who must still sign? One entry a module.
 *  @param isSensitive modules that `default` never covers
 *  @param ableToSign people with a key that is in force */
export function weightsOf(
  action: { readonly operations: readonly { readonly module: string }[] },
  acl: Acl,
  isSensitive: (module: string) => boolean,
  signers: ReadonlySet<string>,
  ableToSign: (person: string) => boolean,
): readonly Weight[] {
  const names = [...new Set(action.operations.map(({ module }) => module))]
  return names.map((module) => {
    const weighing = weigh(acl, module, isSensitive(module), signers)
    const sentence = describeWeighing(module, weighing)
    if (weighing.kind === 'granted') return { module, granted: true, words: `${sentence}: may run` }
    if (weighing.kind === 'no-entry')
      return { module, granted: false, words: `${sentence}: agents would refuse` }
    const grant = acl.get(module) ?? acl.get('default')
    const others = grant === undefined ? [] : missing(grant, signers, ableToSign)
    const from = others.length === 0 ? 'nobody who could sign is left' : `from ${others.join(' or ')}`
    const more = weighing.needed - weighing.weight
    return {
      module,
      granted: false,
      words: `${sentence}: agents would refuse; still needed: ${more} more, ${from}`,
    }
  })
}

function missing(
  { weights }: Grant,
  signers: ReadonlySet<string>,
  ableToSign: (person: string) => boolean,
): readonly string[] {
  return [...weights]
    .filter(([person]) => !signers.has(person) && ableToSign(person))
    .map(([person, weight]) => `${person} (${weight})`)
}
