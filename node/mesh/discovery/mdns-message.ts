import { createHash } from 'node:crypto'
import { concat } from '../../core/bytes.ts'
import { type PeerId, parsePeerId } from '../../core/peer-id.ts'

/** What is said in an office by multicast DNS (RFC 6762). A question names the fleet by a hash; an answer adds a peer id and a
 *  TCP port. No name, no tag, no address: who is meant is dialled at the address that the packet came from.
 *
 *      question   TXT <tag>._mig._udp.local
 *      answer     TXT <tag>._mig._udp.local  "id=12D3KooW…" "port=7373"   (for 120 s, shared: every member has one)
 *
 *  Read is only what is written here byte for byte, which is all that we have use for on a group that printers share. */
export type LanMessage =
  | { readonly kind: 'question' }
  | { readonly kind: 'answer'; readonly peer: PeerId; readonly port: number }

const maxAnswerBytes = 256
const ttlSeconds = 120
const [txt, internet] = [16, 1]

/** Both directions of one fleet. */
export class LanCodec {
  readonly #question: Uint8Array
  readonly #answerHead: Uint8Array

  constructor(fleet: string) {
    // Whoever does not know the fleet's name cannot tell from this which one it is.
    const tag = createHash('sha256').update(`mig-mdns ${fleet}`).digest('hex').slice(0, 32)
    const name = concat([...[tag, '_mig', '_udp', 'local'].map(prefixed), Uint8Array.of(0)])
    const header = (flags: number, questions: number, answers: number) =>
      Uint8Array.of(0, 0, flags >> 8, flags & 255, 0, questions, 0, answers, 0, 0, 0, 0)
    const kind = Uint8Array.of(0, txt, 0, internet)
    this.#question = concat([header(0, 1, 0), name, kind])
    this.#answerHead = concat([header(0x8400, 0, 1), name, kind, Uint8Array.of(0, 0, 0, ttlSeconds)])
  }

  question(): Uint8Array {
    return this.#question
  }

  answer(peer: PeerId, port: number): Uint8Array {
    const data = concat([prefixed(`id=${peer}`), prefixed(`port=${port}`)])
    return concat([this.#answerHead, Uint8Array.of(data.length >> 8, data.length & 255), data])
  }

  /** Undefined for everything else: other fleets, other programs, noise. */
  read(bytes: Uint8Array): LanMessage | undefined {
    if (equal(bytes, this.#question)) return { kind: 'question' }
    const at = this.#answerHead.length
    if (bytes.length > maxAnswerBytes || !equal(bytes.subarray(0, at), this.#answerHead)) return undefined
    const text = Buffer.from(bytes.subarray(at + 2)).toString('latin1')
    const [, id = '', digits = ''] =
      /^.id=([1-9A-HJ-NP-Za-km-z]{52}).port=([1-9][0-9]{0,4})$/s.exec(text) ?? []
    const peer = parsePeerId(id)
    const port = Number(digits)
    if (peer === undefined || !mayBeDialled(port)) return undefined
    // Lengths too have to be what we would write.
    return equal(bytes, this.answer(peer, port)) ? { kind: 'answer', peer, port } : undefined
  }
}

/** A packet must not make us knock at a machine's mail or SSH server. */
function mayBeDialled(port: number): boolean {
  return port === 443 || (port >= 1024 && port <= 65_535)
}

function prefixed(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'latin1')
  return concat([Uint8Array.of(bytes.length), bytes])
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
