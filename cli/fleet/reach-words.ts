import type { NetworkView } from '../../node/roles/network-view.ts'
import type { Finding } from './finding.ts'

const relayAdvice =
  'start a relay, or set relay = true for a member that others can dial, and name it in bootstrap-peers.json'

/** What the doctor says of a running node's links and of whether others can reach it. */
export function describeReach(about: string, network: NetworkView): readonly Finding[] {
  return [
    describeLinks(about, network),
    ...describeReachable(about, network),
    ...describeRelaying(about, network),
  ]
}

function describeLinks(about: string, { links }: NetworkView): Finding {
  if (links.length === 0) {
    return {
      about,
      verdict: 'wrong',
      words: 'no member is connected',
      advice: 'is a relay running, and does a firewall let this machine out? Or give --bootstrap',
    }
  }
  const members = links.length === 1 ? '1 member is' : `${links.length} members are`
  return { about, verdict: 'good', words: `${members} connected: ${countLinks(links)}` }
}

/** `2 direct, 1 LAN, 3 relayed (2 through hub, 1 through attic)` */
export function countLinks(links: NetworkView['links']): string {
  const kinds = (['direct', 'LAN', 'relayed'] as const).flatMap((how) => {
    const those = links.filter((link) => link.how === how)
    if (those.length === 0) return []
    const relays = [...new Set(those.flatMap(({ relay }) => relay ?? []))]
    return [`${those.length} ${how}${relays.length === 0 ? '' : ` (through ${relays.join(', ')})`}`]
  })
  return kinds.join(', ') || 'none'
}

/** One sentence on how others reach this node. */
export function reachedHow(network: NetworkView): string {
  const { listening, needsRelays, checks, reservations } = network
  const reached = [...new Set(checks.flatMap((check) => check.reached))]
  if (!needsRelays) {
    return reached.length > 0
      ? `others can dial it at ${reached.join(', ')} (tried by ${namesOf(checks.map(({ by }) => by))})`
      : `listens on ${listening.join(', ')}; no relay has tried yet whether others can dial it`
  }
  const relays = reservations.filter(({ state }) => state === 'held').map(({ relay }) => relay)
  const why = listening.length === 0 ? 'no open port' : unreachable(network)
  return relays.length === 0
    ? `${why}; nobody can dial it`
    : `${why}; reached through ${namesOf(relays)}${relays.length === 1 ? ', one relay only' : ''}`
}

function unreachable({ checks }: NetworkView): string {
  const failed = checks.filter(({ reached }) => reached.length === 0)
  const tried = [...new Set(failed.flatMap((check) => check.tried))]
  return `others cannot dial ${tried.join(', ')} (tried by ${namesOf(failed.map(({ by }) => by))})`
}

function describeReachable(about: string, network: NetworkView): readonly Finding[] {
  const { listening, needsRelays, reservations } = network
  const words = reachedHow(network)
  const isHeld = reservations.some(({ state }) => state === 'held')
  const refused = reservations.flatMap(({ relay, state, reason }): Finding[] =>
    state === 'held'
      ? []
      : [
          {
            about,
            verdict: 'warning',
            words: `${relay} ${state === 'refused' ? 'refused to relay' : 'could not be asked to relay'}: ${reason ?? ''}`,
            advice: isHeld ? 'it is asked again by itself' : relayAdvice,
          },
        ],
  )
  if (!needsRelays) return [{ about, verdict: 'good', words }]
  if (!isHeld) {
    const still = 'what it dials itself still works: questions and answers go through its own links'
    return [
      {
        about,
        verdict: 'warning',
        words: `${words} (${still})`,
        advice: refused.length > 0 ? 'see below' : relayAdvice,
      },
      ...refused,
    ]
  }
  const isOpen = listening.length === 0
  return [
    isOpen
      ? { about, verdict: 'good', words }
      : {
          about,
          verdict: 'warning',
          words,
          advice:
            'open that port in the firewall or forward it, or name the outer address with --announce; or listen nowhere and leave it to relays',
        },
    ...refused,
  ]
}

function describeRelaying(about: string, network: NetworkView): readonly Finding[] {
  const { relaying, needsRelays, isChosen } = network
  if (relaying === undefined) {
    if (isChosen === undefined) return []
    return [
      {
        about,
        verdict: 'warning',
        words: 'the policy has chosen it to relay, but nobody can dial it',
        advice: 'give it an address that others can dial (listen, announce), or drop it: mig policy relay',
      },
    ]
  }
  const words = `relays; reservations ${relaying.reservations}, circuits open ${relaying.circuits}, ${formatBytes(relaying.bytes)} carried`
  return needsRelays
    ? [
        {
          about,
          verdict: 'warning',
          words: `${words}; it is to relay, but nobody can dial it`,
          advice: 'give it an address that others can dial (listen, announce), or set relay = false',
        },
      ]
    : [{ about, verdict: 'good', words }]
}

/** For people: `812 B`, `3.4 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = ''
  for (const next of units) {
    if (value < 1000) break
    value /= 1000
    unit = next
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`
}

function namesOf(names: readonly string[]): string {
  return [...new Set(names)].join(', ')
}
