// Makes dist/compiled/: one CommonJS program for each process that is started often, and V8's code cache of each, taken after the
// program has done its work once, so that it holds what a start really needs. A cache that does not fit is ignored by V8.
import { spawn, spawnSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

const programs = ['command-line', 'module-host', 'agent-start', 'agent-checkin', 'agent-mesh', 'relay-start', 'investigator-start']
const threadPrograms = ['file-thread']

export async function compile(root, shared, plugins) {
  const directory = join(root, 'dist', 'compiled')
  await mkdir(directory, { recursive: true })
  // PostgreSQL's parser is 2 MB of WASM: beside the programs, loaded by those that parse a target, and not as text within the script.
  const parserBeside = {
    name: 'parser-beside',
    setup(builder) {
      builder.onResolve({ filter: /^libpg-query$/ }, () => ({ path: './libpg-query.cjs', external: true }))
    },
  }
  const wasmBeside = {
    name: 'wasm-beside',
    setup(builder) {
      builder.onResolve({ filter: /libpg-query\.wasm$/ }, ({ path, resolveDir }) => ({ path: join(resolveDir, path), namespace: 'wasm-beside' }))
      builder.onLoad({ filter: /./, namespace: 'wasm-beside' }, async ({ path }) => {
        const beside = join(directory, 'libpg-query.wasm')
        await copyFile(path, `${beside}.new`)
        await rename(`${beside}.new`, beside)
        const contents = `import { readFileSync } from 'node:fs'
          export default readFileSync(__dirname + '/libpg-query.wasm')`
        return { contents }
      })
    },
  }
  // What LevelDB's binding is wrapped in is script like any other; only the binding itself stays where it was installed.
  const levelBinding = {
    name: 'level-binding',
    setup(builder) {
      builder.onResolve({ filter: /^\.\/binding$/ }, ({ importer }) =>
        /[\\/]classic-level[\\/]/.test(importer) ? { path: 'classic-level/binding.js', external: true } : undefined,
      )
    },
  }
  const parser = await build({
    ...shared,
    entryPoints: { 'libpg-query': 'libpg-query' },
    outdir: 'dist/compiled',
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    plugins: [wasmBeside, ...plugins],
  })
  const result = await build({
    ...shared,
    entryPoints: Object.fromEntries(programs.map((name) => [name, `cli/programs/${name}.ts`])),
    outdir: 'dist/compiled',
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    // A script has no importer: what is outside is required.
    supported: { 'dynamic-import': false },
    plugins: [parserBeside, levelBinding, ...plugins],
    define: { ...shared.define, 'import.meta.url': '__url' },
    banner: {
      js: "(function(exports,require,module,__filename,__dirname){const __url=require('node:url').pathToFileURL(__filename).href;",
    },
    footer: { js: '})' },
  })
  // Threads are started from a file of their own: a script as Node takes it.
  const threads = await build({
    ...shared,
    entryPoints: Object.fromEntries(threadPrograms.map((name) => [name, `cli/programs/${name}.ts`])),
    outdir: 'dist/compiled',
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    plugins,
  })
  for (const file of [...parser.outputFiles, ...result.outputFiles, ...threads.outputFiles]) {
    await writeFile(`${file.path}.new`, file.contents)
    await rename(`${file.path}.new`, file.path)
  }
  await writeFile(join(root, 'dist', 'programs.json'), JSON.stringify(result.metafile))
  await warm(root, directory)
  await rm(join(root, 'dist', 'help.txt'), { force: true })
  const help = spawnSync(process.execPath, [join(root, 'dist', 'mig.js'), 'help'], { encoding: 'utf8' })
  if (help.status === 0) await writeFile(join(root, 'dist', 'help.txt'), help.stdout)
}

/** Runs each program once, as it is run later, and keeps the cache. */
async function warm(root, directory) {
  const home = await mkdtemp(join(tmpdir(), 'mig-build-'))
  const environment = { PATH: process.env.PATH, HOME: home, MIG_HOME: home, MIG_PASSPHRASE: 'throw-away' }
  const maker = join(root, '.ci', 'make-cache.mjs')
  const makerBeside = join(root, 'dist', 'make-cache.mjs')
  await copyFile(maker, makerBeside)
  const start = (flags, name, words, input) =>
    spawn(process.execPath, [...flags, maker, directory, name, ...words], {
      env: environment,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'ignore'],
    })
  const run = (name, words, flags = [], input) =>
    new Promise((resolve) => {
      const child = start(flags, name, words, input)
      let out = ''
      child.stdout.on('data', (chunk) => {
        out += chunk
      })
      child.stdin?.end(input)
      child.once('close', () => resolve(out.trim()))
    })
  /** Nodes run until they are told to stop. */
  const node = (name, words, flags = []) =>
    new Promise((resolve) => {
      const child = start(flags, name, words)
      child.stdout.once('data', () => setTimeout(() => child.kill('SIGTERM'), 300))
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
      child.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  const command = (...words) => run('command-line', words)
  try {
    await command('init', '--fleet-name', 'warm', '--person', 'Warm Up <warm@example.net>', '--no-gpg')
    const address = '/ip4/127.0.0.1/tcp/9/p2p/12D3KooWBZ8FoQJ9ZSTfiEnK1EE2Nopp1GBBB3rYfzAnUAe3fKdk'
    for (const role of ['relay', 'agent', 'investigator']) {
      const line = await command('invite', '--role', role, '--address', address, '--no-gpg')
      await command(role, 'enrol', line, '--name', role)
    }
    const child = [...(process.platform === 'linux' ? [] : ['--max-old-space-size=128']), '--disable-proto=delete']
    const search = { paths: [home], names: ['.'], contents: ['x'] }
    const order = { module: 'file', parameters: { searches: { s1: search } }, wallMs: 1000, matches: 10, outputBytes: 100_000 }
    const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--bootstrap', address]
    await Promise.all([
      run('module-host', ['module', 'host', '--root', '/'], child, `${JSON.stringify(order)}\n`),
      node('relay-start', ['relay', 'start', ...listen]),
      node('agent-start', ['agent', 'start', ...listen]),
    ])
    await run('agent-checkin', ['agent', 'checkin', '--max-time', '1s', ...listen])
    // The gate has started its mesh process, which could write its cache into its own directory only.
    const mesh = join(home, 'agent', 'mesh')
    for (const name of await readdir(mesh))
      if (name.endsWith('.cache')) await copyFile(join(mesh, name), join(directory, name))
    await node('investigator-start', ['investigator', 'start', ...listen])
    // Last, so that this cache holds what asking needs.
    await command('-y', '--wait', '1s', 'file', '-path', '/etc', '-name', '.')
  } finally {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
    await rm(home, { recursive: true, force: true })
    await rm(makerBeside, { force: true })
  }
}
