// Bundles the command line into dist/. Splitting keeps `mig version` fast: the mesh is another chunk, loaded when a command needs it.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildKernels } from './kernels.mjs'

await buildKernels()
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

// PostgreSQL's parser reads its WASM from its own folder; in a bundle it is embedded (docs/decisions/target-parser.md).
const embedPostgresParser = {
  name: 'embed-libpg-query',
  setup(builder) {
    builder.onLoad({ filter: /libpg-query[\\/]wasm[\\/]libpg-query\.js$/ }, async ({ path }) => {
      let source = await readFile(path, 'utf8')
      const swap = (from, to) => {
        if (!source.includes(from)) throw new Error(`libpg-query changed: ${from} is gone`)
        source = source.replace(from, () => to)
      }
      swap('async function getWasmBinary(binaryFile){', 'async function getWasmBinary(){return wasm;')
      swap('var fs=require("node:fs");scriptDirectory=__dirname+"/";', '')
      swap(source.slice(source.lastIndexOf('if(typeof exports==="object"')), 'export default PgQueryModule')
      return { contents: `import wasm from './libpg-query.wasm'\n${source}`, loader: 'js', resolveDir: dirname(path) }
    })
  },
}

// zod carries its error messages in forty languages; ours are English, and every process would parse the rest at each start.
const oneLocale = {
  name: 'one-zod-locale',
  setup(builder) {
    builder.onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, ({ path }) => ({
      contents: "export { default as en } from './en.js'",
      resolveDir: dirname(path),
    }))
  },
}

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  // Names stay readable in stack traces; what costs at start is the length of what is parsed.
  minify: true,
  keepNames: true,
  loader: { '.wasm': 'binary' },
  define: { 'globalThis.MIG_VERSION': JSON.stringify(version) },
  metafile: true,
  logLevel: 'warning',
  write: false,
}
const result = await build({
  ...shared,
  entryPoints: { mig: 'cli/main.ts' },
  outdir: 'dist',
  splitting: true,
  format: 'esm',
  sourcemap: process.env.MIG_SOURCEMAP === '1' ? 'linked' : false,
  external: ['classic-level'],
  plugins: [embedPostgresParser, oneLocale],
  // Some dependencies are CommonJS and ask for `require`.
  banner: { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" },
})
// New chunks first, then the entry, then what is stale: a command that starts meanwhile finds a whole program.
await mkdir(join(root, 'dist'), { recursive: true })
const fresh = new Set(result.outputFiles.map((file) => basename(file.path)))
for (const file of result.outputFiles.filter((file) => !file.path.endsWith('mig.js'))) await writeFile(file.path, file.contents)
for (const file of result.outputFiles.filter((file) => file.path.endsWith('mig.js'))) await writeFile(file.path, file.contents, { mode: 0o755 })
for (const name of await readdir(join(root, 'dist'))) if (name.endsWith('.js') && !fresh.has(name)) await rm(join(root, 'dist', name))
// Which source stands in which chunk: the tests check from this that the gate has no network and the mesh starts nothing.
await writeFile(join(root, 'dist', 'metafile.json'), JSON.stringify(result.metafile))

// The same commands as programs of their own, for V8's code cache (docs/decisions/compiled-programs.md).
await (await import('./compile.mjs')).compile(root, shared, [embedPostgresParser, oneLocale])
