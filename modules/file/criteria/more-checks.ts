import type { FileStat, Host } from '../../host/host.ts'
import type { ProblemCode } from '../../module.ts'
import type { CheckField, MetadataCheck } from '../check.ts'
import { type BytePath, join, toBytePath } from '../file-path.ts'
import type { Search } from '../options.ts'
import { parseAge } from '../parse-mtime.ts'
import { type Accounts, parseAccount } from './accounts.ts'
import { parseKinds } from './kinds.ts'
import { Packages } from './packages.ts'
import { parseLinks } from './ranges.ts'

/** What the endpoint cannot tell, and so neither matches nor misses. */
export interface PlanProblem {
  readonly code: ProblemCode
  readonly about: BytePath
}

/** The checks beside MIG's that need no byte of a file, the cheap ones first.
 *  @param nowNs start of the run, what ages are measured from */
export function moreChecks(
  search: Search,
  nowNs: bigint,
  host: Host,
  accounts: Accounts,
): { readonly checks: readonly MetadataCheck[]; readonly problems: readonly PlanProblem[] } {
  const problems: PlanProblem[] = []
  const checks = [
    ...(search.types ?? []).map(typeCheck),
    ...(search.links ?? []).map(linksCheck),
    ...(search.owners ?? []).map((value) =>
      accountCheck('owners', value, 'uid', (name) => accounts.uid(name), problems),
    ),
    ...(search.groups ?? []).map((value) =>
      accountCheck('groups', value, 'gid', (name) => accounts.gid(name), problems),
    ),
    ...(['atimes', 'ctimes', 'btimes'] as const).flatMap((field) =>
      (search[field] ?? []).map((value) => timeCheck(field, value, nowNs)),
    ),
    ...packagedChecks(search.packaged ?? [], host, problems),
    ...(['xattrs', 'capabilities', 'immutable'] as const).flatMap((field) =>
      (search[field] ?? []).map((value) => unseen(field, value, problems)),
    ),
  ]
  return { checks, problems }
}

function check(
  field: CheckField,
  value: string,
  needsStat: boolean,
  passes: MetadataCheck['passes'],
): MetadataCheck {
  return { field, value, flipped: false, needsStat, passes }
}

function typeCheck(value: string): MetadataCheck {
  const kinds = parseKinds(value)
  return check('types', value, false, (_, stat, visit) => kinds.has(visit?.kind ?? stat().kind))
}

function linksCheck(value: string): MetadataCheck {
  const { min, max } = parseLinks(value)
  return check('links', value, true, (_, stat) => stat().links >= min && stat().links <= max)
}

function accountCheck(
  field: 'owners' | 'groups',
  value: string,
  id: 'uid' | 'gid',
  lookUp: (account: string) => number | undefined,
  problems: PlanProblem[],
): MetadataCheck {
  const { account, inverse } = parseAccount(value)
  const wanted = lookUp(account)
  if (wanted === undefined) {
    problems.push({ code: 'not-resolved', about: toBytePath(`${field} ${account}`) })
    return nobodyKnows(field, value)
  }
  return check(field, value, true, (_, stat) => (stat()[id] === wanted) !== inverse)
}

const times = { atimes: 'atimeNs', ctimes: 'ctimeNs', btimes: 'btimeNs' } as const satisfies Readonly<
  Record<string, keyof FileStat>
>

function timeCheck(field: keyof typeof times, value: string, nowNs: bigint): MetadataCheck {
  const { side, ageNs } = parseAge(value, field.slice(0, -1))
  const bound = nowNs - ageNs
  return check(field, value, true, (_, stat) => {
    const time = stat()[times[field]]
    // A file system without times of birth says 0.
    if (field === 'btimes' && time === 0n) return false
    return side === 'newer' ? time > bound : time < bound
  })
}

function packagedChecks(
  values: readonly string[],
  host: Host,
  problems: PlanProblem[],
): readonly MetadataCheck[] {
  const packages = new Packages(host)
  return values.map((value) => {
    if (!packages.isKnown) return unseen('packaged', value, problems)
    return check('packaged', value, false, (_, __, visit) => {
      if (visit === undefined) return false
      return packages.has(join(visit.directory, visit.name)) === (value === 'yes')
    })
  })
}

function unseen(field: CheckField, value: string, problems: PlanProblem[]): MetadataCheck {
  if (!problems.some(({ about }) => about === field))
    problems.push({ code: 'not-supported-here', about: field })
  return nobodyKnows(field, value)
}

function nobodyKnows(field: CheckField, value: string): MetadataCheck {
  return { field, value, flipped: false, needsStat: false, isUnknown: true, passes: () => false }
}
