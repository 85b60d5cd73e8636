/** Names on the wire (protocol 6). */

export type Topic = 'actions' | 'policy' | 'results' | 'presence'
export type StreamName = 'sync' | 'detail' | 'enrol'

export const topics: readonly Topic[] = ['actions', 'policy', 'results', 'presence']

export function topicName(fleet: string, topic: Topic): string {
  return `mig/1/${fleet}/${topic}`
}

export function streamProtocol(fleet: string, stream: StreamName): string {
  return `/mig/1/${fleet}/${stream}`
}
