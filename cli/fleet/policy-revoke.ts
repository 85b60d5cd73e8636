import { utf8 } from '../../node/core/encoding.ts'
import { isDocumentId } from '../../node/core/envelope.ts'
import { MigError } from '../../node/core/error.ts'
import { nearest } from '../../node/core/nearest.ts'
import { parsePeerId } from '../../node/core/peer-id.ts'
import type { PolicyBody } from '../../node/core/policy.ts'
import type { AgentView, MemberView } from '../../node/roles/service.ts'

export type Revocation = {
  readonly kind: 'people' | 'peers' | 'invitations'
  /** As it stands in the policy. */
  readonly entry: string
  readonly words: string
}

export type NamedNode = Pick<AgentView, 'id' | 'name'> | Pick<MemberView, 'peer' | 'name'>

/** Whom or what a person means who types a name, a peer id or an invitation's id.
 *  @param nodes asked only when it is neither of the first three
 *  @throws MigError `not-found`, `usage` when several nodes have that name */
export async function findRevocation(
  text: string,
  body: PolicyBody,
  nodes: () => Promise<readonly NamedNode[]>,
): Promise<Revocation> {
  const fingerprint = text.replace(/\s/g, '').toUpperCase()
  const person = body.people.find(
    ({ name, keys }) => name === text || keys.some((key) => key.fingerprint === fingerprint),
  )
  if (person !== undefined) return { kind: 'people', entry: person.name, words: `person ${person.name}` }
  const peer = parsePeerId(text)
  if (peer !== undefined) return { kind: 'peers', entry: peer, words: `node ${peer}` }
  if (isDocumentId(text)) return { kind: 'invitations', entry: text, words: `invitation ${text}` }
  const named = (await nodes())
    .filter((node) => node.name === text)
    .map((node) => ('id' in node ? node.id : node.peer))
  const [only, ...others] = new Set(named)
  if (only !== undefined && others.length === 0)
    return { kind: 'peers', entry: only, words: `node ${text} ${only}` }
  if (only !== undefined) {
    throw new MigError(
      'usage',
      `${others.length + 1} nodes are called '${text}': ${[only, ...others].join(', ')}`,
      {
        hint: 'name one by its peer id',
      },
    )
  }
  const near = nearest(
    text,
    body.people.map(({ name }) => name),
  )
  throw new MigError('not-found', `'${text}' is no person of this policy, no node and no invitation`, {
    hint:
      near === undefined
        ? 'mig policy show lists the people, mig agents the nodes'
        : `did you mean '${near}'?`,
  })
}

/** @returns the policy with that revocation; undefined when it is there already */
export function revoke(body: PolicyBody, { kind, entry }: Revocation): PolicyBody | undefined {
  if (body.revoked[kind].includes(entry)) return undefined
  return { ...body, revoked: { ...body.revoked, [kind]: [...body.revoked[kind], entry] } }
}

export function policyText(body: PolicyBody): Uint8Array {
  return utf8(`${JSON.stringify(body, null, 2)}\n`)
}
