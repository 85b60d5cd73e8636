import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Role } from '../../node/core/certificate.ts'
import { base64UrlEncode } from '../../node/core/encoding.ts'
import { plusSeconds } from '../../node/core/instant.ts'
import { enrolNode, type NodeState } from '../../node/roles/enrol.ts'
import { seedNode } from '../../node/roles/seed-node.ts'
import { formatInvitationString } from '../../node/verification/invitation-string.ts'
import { createKeyFile } from '../../node/verification/key-store.ts'
import { makeInvitationBody } from '../../node/verification/membership.ts'
import { ed25519PublicKey, generateSeed } from '../../node/verification/node-keys.ts'
import type { Signer } from '../../node/verification/signer.ts'
import type { CommandContext } from '../context.ts'
import { openFleetDirectory, readPolicyWire } from '../fleet/fleet-directory.ts'
import { initFleet } from '../fleet/init-fleet.ts'
import { findPeople } from '../fleet/people.ts'
import { signDocument } from '../fleet/sign-document.ts'
import { keyDirectory, signerOf } from '../signing.ts'

/** The throw-away fleet: two investigators with key files, a weighted ACL, and what is needed to enrol nodes. */
export interface DemoFleet {
  readonly fleet: string
  readonly alice: string
  readonly bob: string
  /** Enrols a node of this machine's own, with the fleet's rules in its store. */
  enrol(
    role: Role,
    name: string,
    tags: Readonly<Record<string, string>>,
    addresses: readonly string[],
  ): Promise<NodeState>
}

/** @param context whose mig home is the demo's own directory, and whose settings hold a throw-away passphrase */
export async function makeDemoFleet(context: CommandContext, home: string): Promise<DemoFleet> {
  const { clock, random, settings } = context
  const passphrase = settings.passphrase ?? base64UrlEncode(random.bytes(16))
  const keys = keyDirectory(context)
  const [alice, bob] = await Promise.all(
    ['Alice Example <alice@example.net>', 'Bob Example <bob@example.net>'].map((user) =>
      createKeyFile(keys, user, passphrase),
    ),
  )
  if (alice === undefined || bob === undefined) throw new RangeError('two keys were asked for')
  await writeFile(join(home, 'mig.toml'), `key = "${alice.fingerprint}"\ngpg = false\n`, { mode: 0o600 })
  const path = join(home, 'fleet')
  const people = await findPeople(context, [alice.fingerprint, bob.fingerprint], { gpg: false })
  // Who talks to whom is sensitive here: two people have to sign.
  const { fleet } = await initFleet(context, {
    path,
    name: 'demo',
    people,
    threshold: 1,
    minimums: new Map([['netstat', 2]]),
  })
  const directory = await openFleetDirectory(path, clock.now())
  const policyWire = await readPolicyWire(directory)
  const own = people[0]?.own
  if (own === undefined) throw new RangeError('the first person’s key is here')
  const signer: Signer = signerOf(context, own)
  await mkdir(join(home, 'nodes'), { recursive: true, mode: 0o700 })

  return {
    fleet,
    alice: alice.fingerprint,
    bob: bob.fingerprint,
    async enrol(role, name, tags, addresses) {
      const inviteSeed = generateSeed(random)
      const now = clock.now()
      const body = makeInvitationBody({
        fleet,
        role,
        tags,
        maxuses: 1,
        issuedat: now,
        expires: plusSeconds(now, 86_400),
        invitekey: ed25519PublicKey(inviteSeed),
      })
      const wire = await signDocument('mig.invite.v1', body, [signer])
      const invitation = formatInvitationString({ wire, inviteSeed, addresses })
      const state = join(home, role === 'investigator' ? 'investigator' : join('nodes', name))
      const enrolled = await enrolNode({ state, role, invitation, name }, { clock, random })
      if (role === 'relay')
        await seedNode(
          enrolled,
          { rootWire: directory.root.bytes, policyWire, invitations: [wire] },
          { clock, log: () => undefined },
        )
      return enrolled
    },
  }
}
