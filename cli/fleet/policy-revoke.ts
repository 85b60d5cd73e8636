import { utf8 } from '../../node/core/encoding.ts'
import { isDocumentId } from '../../node/core/envelope.ts'
import { MigError } from '../../node/core/error.ts'
import { nearest } from '../../node/core/nearest.ts'
import { type PeerId, parsePeerId } from '../../node/core/peer-id.ts'
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
  if (isDocumentId(text)) return { kind: 'invitations', entry: text, words: `invitation ${text}` }
  const node = await nodeNamed(text, nodes)
  if (node !== undefined) return { kind: 'peers', entry: node.peer, words: node.words }
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

/** Which node a person means who types its name or peer id.
 *  @param nodes asked only when it is no peer id
 *  @throws MigError `not-found`, `usage` when several nodes have that name */
export async function findNode(
  text: string,
  nodes: () => Promise<readonly NamedNode[]>,
): Promise<{ readonly peer: PeerId; readonly words: string }> {
  const node = await nodeNamed(text, nodes)
  if (node !== undefined) return node
  throw new MigError('not-found', `there is no node '${text}' that the investigator’s node knows`, {
    hint: 'mig agents and mig mesh peers list nodes; a peer id always does',
  })
}

async function nodeNamed(text: string, nodes: () => Promise<readonly NamedNode[]>) {
  const given = parsePeerId(text)
  if (given !== undefined) return { peer: given, words: `node ${given}` }
  const named = (await nodes())
    .filter((node) => node.name === text)
    .map((node) => ('id' in node ? node.id : node.peer))
  const [only, ...others] = new Set(named)
  if (others.length > 0) {
    throw new MigError(
      'usage',
      `${others.length + 1} nodes are called '${text}': ${[only, ...others].join(', ')}`,
      { hint: 'name one by its peer id' },
    )
  }
  const peer = only === undefined ? undefined : parsePeerId(only)
  return peer === undefined ? undefined : { peer, words: `node ${text} ${peer}` }
}

/** @returns the policy with that revocation; undefined when it is there already */
export function revoke(body: PolicyBody, { kind, entry }: Revocation): PolicyBody | undefined {
  if (body.revoked[kind].includes(entry)) return undefined
  return { ...body, revoked: { ...body.revoked, [kind]: [...body.revoked[kind], entry] } }
}

export function policyText(body: PolicyBody): Uint8Array {
  return utf8(`${JSON.stringify(body, null, 2)}\n`)
}
