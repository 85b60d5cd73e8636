import type { Host } from '../host/host.ts'
import { problemOf } from '../host-problem.ts'
import type { Problem } from '../module.ts'
import { createPause } from '../pause.ts'
import { readLines } from '../read-lines.ts'
import { findNamespaces, type Namespace } from './linux-namespaces.ts'
import {
  createFibTrieReader,
  isMac,
  parseArpLine,
  parseIfInet6Line,
  parseSocketLine,
} from './parse-proc-net.ts'
import type { Sight, Source } from './sight.ts'

interface Table {
  readonly source: Source
  readonly name: string
  /** IPv6 can be switched off: then its tables are missing, and nothing is wrong. */
  readonly mayBeMissing: boolean
  readonly reader: (namespace: string) => (line: string) => Sight | undefined
}

const tables: readonly Table[] = [
  { source: 'neighbors', name: 'arp', mayBeMissing: false, reader: neighborReader },
  { source: 'addresses', name: 'fib_trie', mayBeMissing: false, reader: addressReader(createFibTrieReader) },
  {
    source: 'addresses',
    name: 'if_inet6',
    mayBeMissing: true,
    reader: addressReader(() => parseIfInet6Line),
  },
  { source: 'sockets', name: 'tcp', mayBeMissing: false, reader: socketReader('tcp') },
  { source: 'sockets', name: 'tcp6', mayBeMissing: true, reader: socketReader('tcp') },
  { source: 'sockets', name: 'udp', mayBeMissing: false, reader: socketReader('udp') },
  { source: 'sockets', name: 'udp6', mayBeMissing: true, reader: socketReader('udp') },
]

/** Looks at the wanted sources, through `/proc/<pid>/net` and `/sys/class/net`. Ends early, without a word, on abort. */
export async function* readNetwork(
  host: Host,
  wanted: ReadonlySet<Source>,
  allNamespaces: boolean,
  signal: AbortSignal,
): AsyncGenerator<Sight | Problem, void> {
  if (wanted.has('interfaces')) yield* readInterfaces(host, signal)
  const wantedTables = tables.filter((table) => wanted.has(table.source))
  if (wantedTables.length === 0) return
  const namespaces = allNamespaces ? findNamespaces(host) : [ownNamespace(host)]
  for (const namespace of namespaces) {
    if (namespace.kind === 'namespace') {
      for (const table of wantedTables) yield* readTable(host, namespace, table, signal)
    } else {
      yield namespace
      for (const source of wanted) yield { kind: 'unseen', source }
    }
  }
}

async function* readTable(
  host: Host,
  namespace: Namespace,
  table: Table,
  signal: AbortSignal,
): AsyncGenerator<Sight | Problem, void> {
  const path = `${namespace.directory}/${table.name}`
  const pause = createPause()
  const read = table.reader(namespace.name)
  try {
    for (const line of readLines(host, path)) {
      await pause()
      if (signal.aborted) return
      const sight = read(line)
      if (sight !== undefined) yield sight
    }
  } catch (error) {
    const problem = problemOf(error, path)
    if (problem.code === 'not-found' && table.mayBeMissing) return
    yield* unseen(host, table.source, problem)
  }
}

async function* readInterfaces(host: Host, signal: AbortSignal): AsyncGenerator<Sight | Problem, void> {
  const directory = '/sys/class/net'
  let names: readonly Buffer[]
  try {
    names = host.list(directory).map((entry) => Buffer.from(entry.name))
  } catch (error) {
    yield* unseen(host, 'interfaces', problemOf(error, directory))
    return
  }
  for (const name of names) {
    if (signal.aborted) return
    const path = Buffer.concat([Buffer.from(`${directory}/`), name, Buffer.from('/address')])
    try {
      const mac = Buffer.from(host.readFile(path, 128)).toString('latin1').trim()
      if (isMac(mac)) yield { kind: 'interface', mac }
    } catch (error) {
      const problem = problemOf(error, path.toString('latin1'))
      // An interface may go while we look, and some entries (bonding_masters) are no interfaces.
      if (problem.code !== 'not-found') yield* unseen(host, 'interfaces', problem)
    }
  }
}

/** The gate may sit in a network namespace of its own; the first process stands for the machine. An image or a
 *  fixture has no processes, only `/proc/net`. */
function ownNamespace(host: Host): Namespace {
  try {
    host.stat('/proc/1/net', true)
    return { kind: 'namespace', name: 'default', directory: '/proc/1/net' }
  } catch (error) {
    problemOf(error, '/proc/1/net')
    return { kind: 'namespace', name: 'default', directory: '/proc/net' }
  }
}

/** What is missing on another system was never to be expected there. */
function* unseen(host: Host, source: Source, problem: Problem): Generator<Sight | Problem, void> {
  const isElsewhere = problem.code === 'not-found' && host.platform !== 'linux'
  yield isElsewhere ? { ...problem, code: 'not-supported-here' } : problem
  yield { kind: 'unseen', source }
}

function neighborReader(namespace: string): (line: string) => Sight | undefined {
  return (line) => {
    const neighbor = parseArpLine(line)
    return neighbor === undefined ? undefined : { kind: 'neighbor', ...neighbor, namespace }
  }
}

function addressReader(create: () => (line: string) => ReturnType<typeof parseIfInet6Line>): Table['reader'] {
  return (namespace) => {
    const read = create()
    return (line) => {
      const address = read(line)
      return address === undefined ? undefined : { kind: 'address', address, namespace }
    }
  }
}

function socketReader(transport: 'tcp' | 'udp'): Table['reader'] {
  return (namespace) => (line) => {
    const socket = parseSocketLine(line, transport)
    return socket === undefined ? undefined : { kind: 'socket', socket, namespace }
  }
}
