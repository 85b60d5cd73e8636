import { isCollector } from '../core/certificate.ts'
import { type CollectorNode, startCollector } from './collector.ts'
import type { MemberOptions, MemberPorts } from './member.ts'

/** A member with an address that others can dial: carries questions and sealed answers, reads none. */
export async function startRelay(options: MemberOptions, ports: MemberPorts): Promise<CollectorNode> {
  if (!isCollector(options.certificate.role)) throw new RangeError('a relay needs the certificate of a relay')
  return startCollector(options, ports, () => ({ entered: () => undefined }))
}
