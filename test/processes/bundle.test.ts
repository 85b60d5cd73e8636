import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { builtMig } from '../cli/run-mig.ts'

interface Metafile {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly Import[] }>>
  readonly outputs: Readonly<
    Record<
      string,
      { readonly entryPoint?: string; readonly inputs: object; readonly imports: readonly Import[] }
    >
  >
}
interface Import {
  readonly path: string
  readonly kind: string
  readonly external?: boolean
}

let metafile: Metafile
beforeAll(() => {
  metafile = JSON.parse(readFileSync(join(dirname(builtMig()), 'metafile.json'), 'utf8')) as Metafile
}, 60_000)

/** Every source file that stands in a chunk which Node loads when this command starts. */
function loadedBy(command: string): readonly string[] {
  const chunkOf = (source: string) =>
    Object.entries(metafile.outputs).find(([, chunk]) => chunk.entryPoint === source)?.[0]
  const todo = ['cli/main.ts', 'cli/dispatch.ts', `cli/commands/${command}.ts`].map((source) => {
    const chunk = chunkOf(source)
    if (chunk === undefined) throw new Error(`${source} has no chunk`)
    return chunk
  })
  const loaded = new Set<string>()
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    const chunk = metafile.outputs[path]
    if (chunk === undefined || loaded.has(path)) continue
    loaded.add(path)
    for (const { path: next, kind, external } of chunk.imports)
      if (external !== true && kind !== 'dynamic-import') todo.push(next)
  }
  return [...new Set([...loaded].flatMap((path) => Object.keys(metafile.outputs[path]?.inputs ?? {})))]
}

/** Who among them imports one of Node's own modules. */
function importersOf(sources: readonly string[], module: string): readonly string[] {
  return sources
    .filter((source) =>
      metafile.inputs[source]?.imports.some(({ path }) => path === module || path === `node:${module}`),
    )
    .map((source) => source.replace(/^.*node_modules\//, ''))
    .sort()
}

describe.each(['agent-start', 'agent-checkin'])('what the gate process loads: %s', (command) => {
  it('has no libp2p in it', () => {
    const sources = loadedBy(command)
    expect(sources).toContain('node/gate/local-gate.ts')
    expect(
      sources.filter((source) => /node_modules\/(@libp2p|libp2p|@chainsafe\/libp2p)/.test(source)),
    ).toEqual([])
    expect(sources.filter((source) => source.startsWith('node/mesh/'))).toEqual([])
  })

  it('has nothing in it that could connect or listen', () => {
    const sources = loadedBy(command)
    for (const module of ['net', 'tls', 'dgram', 'dns', 'dns/promises', 'http', 'https', 'http2'])
      expect([module, importersOf(sources, module)]).toEqual([module, []])
  })
})

describe('what reads and writes bundles at an agent', () => {
  it('has no libp2p in it, no part of the mesh, and nothing that could look up or listen', () => {
    const sources = loadedBy('agent-bundle')
    expect(sources).toContain('node/roles/bundle-format.ts')
    expect(
      sources.filter((source) =>
        /node_modules\/(@libp2p|libp2p|@chainsafe\/libp2p)|^node\/mesh\//.test(source),
      ),
    ).toEqual([])
    // The two pipes to the gate are opened by their numbers.
    expect(importersOf(sources, 'net')).toEqual(['cli/commands/agent-bundle.ts'])
    for (const module of ['tls', 'dgram', 'dns', 'dns/promises', 'http', 'https', 'http2'])
      expect([module, importersOf(sources, module)]).toEqual([module, []])
  })

  it('has of the gate only the line to it', () => {
    const gate = loadedBy('agent-bundle').filter((source) => source.startsWith('node/gate/'))
    expect(gate.sort()).toEqual(['node/gate/frames.ts', 'node/gate/gate-link.ts'])
  })
})

describe('what the mesh process loads', () => {
  it('has nothing of this project in it that starts a process or a thread', () => {
    const sources = loadedBy('agent-mesh')
    expect(sources.some((source) => source.includes('node_modules/libp2p/'))).toBe(true)
    // Commander has it for sub-commands in files of their own, mortice for locks between workers:
    // none is used here, and the seat belt would refuse it (separation.test.ts).
    expect(importersOf(sources, 'child_process')).toEqual(['commander/lib/command.js'])
    expect(importersOf(sources, 'cluster')).toEqual(['mortice/dist/src/node.js'])
    expect(importersOf(sources, 'worker_threads')).toEqual(['mortice/dist/src/node.js'])
  })

  it('has no part of the gate in it but the line to it', () => {
    const gate = loadedBy('agent-mesh').filter((source) => source.startsWith('node/gate/'))
    expect(gate.sort()).toEqual(['node/gate/frames.ts', 'node/gate/gate-link.ts'])
  })
})

describe('the compiled programs', () => {
  const holds = (program: string): readonly string[] => {
    const path = join(dirname(builtMig()), 'programs.json')
    const { outputs } = JSON.parse(readFileSync(path, 'utf8')) as Pick<Metafile, 'outputs'>
    return Object.keys(outputs[`dist/compiled/${program}.cjs`]?.inputs ?? {})
  }
  /** What a program requires when it runs, of what is not Node's own. */
  const outsideOf = (program: string): readonly string[] => {
    const path = join(dirname(builtMig()), 'programs.json')
    const { outputs } = JSON.parse(readFileSync(path, 'utf8')) as Pick<Metafile, 'outputs'>
    const required = (outputs[`dist/compiled/${program}.cjs`]?.imports ?? []).map(({ path }) => path)
    return [...new Set(required.filter((name) => !isBuiltin(name)))].sort()
  }
  const isNetwork = (source: string) => /node_modules\/(@libp2p|libp2p|@chainsafe\/libp2p)/.test(source)

  it.each(['agent-start', 'agent-checkin'])('hold no libp2p where the gate runs: %s', (program) => {
    expect(holds(program)).toContain('node/gate/local-gate.ts')
    expect(holds(program).filter(isNetwork)).toEqual([])
  })

  const packageOf = (source: string) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1]

  it.each(['agent-start', 'agent-checkin'])(
    'hold where the gate runs what the gate needs, and nothing that comes along with it (R30): %s',
    (program) => {
      const packages = [...new Set(holds(program).flatMap((source) => packageOf(source) ?? []))].sort()
      expect(packages).toEqual([
        'abstract-level',
        'classic-level',
        'commander',
        'level',
        'level-supports',
        'level-transcoder',
        'maybe-combine-errors',
        'module-error',
        'openpgp',
        're2js',
        'smol-toml',
        'zod',
      ])
      // Loaded beside the program: PostgreSQL's parser, and the binding of LevelDB by way of node-gyp-build.
      expect(outsideOf(program)).toEqual(['./libpg-query.cjs', 'classic-level/binding.js'])
      expect(packages.length + 2).toBeLessThanOrEqual(15)
    },
  )

  it('hold of the gate only the line to it where the network is', () => {
    expect(holds('agent-mesh').some(isNetwork)).toBe(true)
    const gate = holds('agent-mesh').filter((source) => source.startsWith('node/gate/'))
    expect(gate.sort()).toEqual(['node/gate/frames.ts', 'node/gate/gate-link.ts'])
  })

  it('hold neither network, keys nor gate where a module runs', () => {
    const sources = holds('module-host')
    expect(sources).toContain('modules/registry.ts')
    expect(
      sources.filter(
        (source) => isNetwork(source) || /openpgp|^node\/(mesh|gate|store|verification|roles)\//.test(source),
      ),
    ).toEqual([])
  })
})
