import type { Host } from '../host/host.ts'
import { problemOf } from '../host-problem.ts'
import type { Problem } from '../module.ts'

/** A network namespace and a directory that shows its tables. */
export interface Namespace {
  readonly kind: 'namespace'
  /** `default`, or `net:[4026531833]`. */
  readonly name: string
  readonly directory: string
}

/** Every network namespace that some process is in, each with the tables of one readable process.
 *  What may not be looked into is one problem in all, not one a process. */
export function* findNamespaces(host: Host): Generator<Namespace | Problem, void> {
  const seen = new Set<string>()
  let refused: Problem | undefined
  for (const pid of processIds(host)) {
    if (typeof pid !== 'string') {
      yield pid
      return
    }
    const directory = `/proc/${pid}/net`
    try {
      const name = Buffer.from(host.readLink(`/proc/${pid}/ns/net`)).toString('latin1')
      if (!/^net:\[\d{1,20}\]$/.test(name) || seen.has(name)) continue
      host.stat(`${directory}/tcp`, true)
      seen.add(name)
      yield { kind: 'namespace', name, directory }
    } catch (error) {
      const problem = problemOf(error, `/proc/${pid}/ns/net`)
      // The process is gone; another one may still stand in its namespace.
      if (problem.code !== 'not-found') refused ??= problem
    }
  }
  if (refused !== undefined) yield refused
}

function processIds(host: Host): readonly (string | Problem)[] {
  try {
    const names = host.list('/proc').map((entry) => Buffer.from(entry.name).toString('latin1'))
    return names.filter((name) => /^[1-9]\d{0,9}$/.test(name)).sort((a, b) => Number(a) - Number(b))
  } catch (error) {
    return [problemOf(error, '/proc')]
  }
}
