import { mkdir } from 'node:fs/promises'
import { base64Decode, base64Encode, base64UrlEncode } from '../../node/core/encoding.ts'
import { documentId } from '../../node/core/envelope.ts'
import { formatInstant, plusSeconds } from '../../node/core/instant.ts'
import type { ResultBody } from '../../node/core/result.ts'
import { resultHash } from '../../node/core/result.ts'
import type { NodeState } from '../../node/roles/enrol.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import { runInvestigator } from '../../node/roles/run-mesh.ts'
import { openShelf } from '../../node/roles/shelf.ts'
import * as keys from '../../node/store/keyspace.ts'
import { openLevelStore } from '../../node/store/level-store.ts'
import { hpkeOverheadBytes } from '../../node/verification/hpke.ts'
import { makeInvitationBody, signCertificate } from '../../node/verification/membership.ts'
import { encodeWithCertificate } from '../../node/verification/node-documents.ts'
import { sealEnvelope } from '../../node/verification/node-envelope.ts'
import { ed25519PublicKey, gateKeysOf, generateSeed, nodeKeysOf } from '../../node/verification/node-keys.ts'
import type { Signer } from '../../node/verification/signer.ts'
import type { CommandContext } from '../context.ts'
import { type DemoFleet, makeDemoFleet } from '../demo/fleet.ts'
import { createProcesses } from '../demo/processes.ts'
import { signDocument } from '../fleet/sign-document.ts'
import { chooseSigner } from '../signing.ts'
import type { Figure } from './figures.ts'

const loopback = '/ip4/127.0.0.1/tcp/0'

/** An investigator's node that missed many answers to its own questions gets them from a relay in another process, over TCP and Noise:
 *  found, sent, judged, written with sync, and each confirmed with a signed receipt. */
export async function benchCatchUp(
  context: CommandContext,
  home: string,
  environment: Readonly<Record<string, string>>,
  results: number,
): Promise<readonly Figure[]> {
  const { clock, terminal } = context
  await mkdir(home, { recursive: true, mode: 0o700 })
  const processes = createProcesses(context.command, environment, undefined)
  let node: InvestigatorNode | undefined
  try {
    const fleet = await makeDemoFleet(context, home)
    const relay = await fleet.enrol('relay', 'relay', {}, [])
    const state = await fleet.enrol('investigator', 'laptop', {}, [])
    const signer = await chooseSigner(context, { gpg: false, key: fleet.alice })
    const address = () =>
      processes.node(
        'relay',
        ['relay', 'start', '--state', relay.path, '--listen', loopback],
        'listening on ',
      )
    const start = async () =>
      runInvestigator(
        { state, listen: [], announce: [], bootstrap: [await address()], relay: false },
        {
          ...context,
          log: () => undefined,
        },
      )

    node = await start()
    await node.service.ready()
    const questions = await ask(node, signer, Math.max(1, Math.round(results / answering)))
    await node.stop()
    await processes.stop('relay')
    await fill(context, fleet, relay, signer, questions, results)

    node = await start()
    const held = () => node?.shelf.set('result').count('') ?? 0
    const receipts = () => node?.shelf.set('receipt').count('') ?? 0
    while (held() === 0) await clock.sleep(1, context.signal)
    const started = clock.monotonicMs()
    const already = held()
    while (held() < results) {
      terminal.progress(`caught up: ${held()} of ${results} results`)
      await clock.sleep(50, context.signal)
    }
    const tookMs = clock.monotonicMs() - started
    while (receipts() < results) await clock.sleep(50, context.signal)
    const confirmedMs = clock.monotonicMs() - started
    const rate = Math.round(((results - already) * 1000) / tookMs).toLocaleString('en')
    const what = `catch-up of ${results.toLocaleString('en')} missed results from a relay over TCP`
    return [
      { what, value: `${(tookMs / 1000).toFixed(1)} s, ${rate} /s`, aim: '10,000 /s' },
      { what: 'the same until each has its signed receipt', value: `${(confirmedMs / 1000).toFixed(1)} s` },
    ]
  } finally {
    await node?.stop()
    await processes.stopAll()
  }
}

/** Agents that have answered, each as many questions as it takes. */
const answering = 1000

async function ask(node: InvestigatorNode, signer: Signer, count: number) {
  const questions: { readonly id: string; readonly wire: Uint8Array }[] = []
  for (let i = 0; i < count; i++) {
    const { id, body } = await node.service.draft({
      name: `question ${i}`,
      target: 'TRUE',
      operations: [{ module: 'example', parameters: { gethostname: true } }],
      expireSeconds: 3600,
    })
    const wire = await signDocument('mig.action.v3', base64Decode(body) ?? new Uint8Array(0), [signer])
    await node.service.send({ wire: base64Encode(wire) })
    questions.push({ id, wire })
  }
  return questions
}

/** Puts the answers on the relay's shelf as if they had come in. What is sealed is noise: collectors cannot open it anyway. */
async function fill(
  { clock, random, terminal }: CommandContext,
  { fleet }: DemoFleet,
  relay: NodeState,
  signer: Signer,
  questions: readonly { readonly id: string; readonly wire: Uint8Array }[],
  results: number,
): Promise<void> {
  const store = await openLevelStore(relay.mesh.storeDirectory)
  const shelf = await openShelf(store)
  const now = clock.now()
  const inviteSeed = generateSeed(random)
  const body = makeInvitationBody({
    fleet,
    role: 'agent',
    tags: {},
    maxuses: answering,
    issuedat: plusSeconds(now, -60),
    expires: plusSeconds(now, 3600),
    invitekey: ed25519PublicKey(inviteSeed),
  })
  const invitationWire = await signDocument('mig.invite.v1', body, [signer])
  const invite = documentId({ type: 'mig.invite.v1', body })
  const unsynced = { sync: false }
  await shelf.put(
    { kind: 'invitation', key: keys.invitation(invite), version: '', bytes: invitationWire },
    unsynced,
  )
  for (const { id, wire } of questions)
    await shelf.put({ kind: 'action', key: keys.action(id), version: 'bench', bytes: wire }, unsynced)
  const at = formatInstant(now)
  let made = 0
  for (let n = 0; made < results; n++) {
    const peer = nodeKeysOf(generateSeed(random))
    const gate = gateKeysOf(generateSeed(random), generateSeed(random))
    const certificateWire = signCertificate(
      {
        v: 1,
        fleet,
        role: 'agent',
        name: `agent${n}`,
        peerid: peer.peerId,
        answerkey: base64UrlEncode(gate.answerKey),
        sealingkey: base64UrlEncode(gate.sealingKey),
        tags: {},
        serial: 1,
        notbefore: at,
        notafter: formatInstant(plusSeconds(now, 86_400)),
        invite,
      },
      inviteSeed,
      peer.peerSeed,
    )
    const writes = questions.slice(0, results - made).map(({ id }, seq) => {
      const result: ResultBody = {
        v: 1,
        fleet,
        actionid: id,
        peerid: peer.peerId,
        serial: 1,
        seq,
        outcome: 'done',
        startedat: at,
        endedat: at,
        sealed: base64UrlEncode(random.bytes(4096 + hpkeOverheadBytes)),
      }
      const envelope = sealEnvelope('mig-result', result, gate.answerSeed)
      const bytes = encodeWithCertificate(certificateWire, envelope)
      const key = keys.result(id, peer.peerId)
      return shelf.put({ kind: 'result', key, version: resultHash(envelope), bytes }, unsynced)
    })
    await Promise.all(writes)
    made += writes.length
    terminal.progress(`catch-up: ${made} of ${results} results made`)
  }
  await store.close()
}
