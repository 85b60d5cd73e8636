import {
  actionGossipBurst,
  actionGossipPerMinute,
  maxActionGossipBytes,
  maxNodeGossipBytes,
  maxPolicyGossipBytes,
  nodeGossipBurst,
  nodeGossipPerMinute,
  policyGossipBurst,
  policyGossipPerMinute,
} from '../core/limits.ts'

/** Names on the wire (protocol 6). */

export type Topic = 'actions' | 'policy' | 'results' | 'presence'
export type StreamName = 'sync' | 'detail' | 'enrol' | 'reach' | 'punch' | 'observe'
/** The streams that the floors above serve; the mesh keeps the others to itself. */
export type ServedStream = Exclude<StreamName, 'enrol' | 'reach' | 'punch' | 'observe'>

export const topics: readonly Topic[] = ['actions', 'policy', 'results', 'presence']
export const servedStreams: readonly ServedStream[] = ['sync', 'detail']

export function topicName(fleet: string, topic: Topic): string {
  return `mig/1/${fleet}/${topic}`
}

export function streamProtocol(fleet: string, stream: StreamName): string {
  return `/mig/1/${fleet}/${stream}`
}

/** What one publisher may send on a topic; publisher and validator hold the same bounds (protocol 6.4). */
export interface TopicBounds {
  readonly maxBytes: number
  readonly perMinute: number
  readonly burst: number
}

const node = { maxBytes: maxNodeGossipBytes, perMinute: nodeGossipPerMinute, burst: nodeGossipBurst }

export const topicBounds: Readonly<Record<Topic, TopicBounds>> = {
  actions: { maxBytes: maxActionGossipBytes, perMinute: actionGossipPerMinute, burst: actionGossipBurst },
  policy: { maxBytes: maxPolicyGossipBytes, perMinute: policyGossipPerMinute, burst: policyGossipBurst },
  results: node,
  presence: node,
}
