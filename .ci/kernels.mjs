// Compiles the scan kernels (AssemblyScript, modules/scan/kernels/assembly) into modules/scan/kernels/wasm.ts, from where bundles and tests alike
// take them: nothing is looked up or loaded when the program runs. Only when their source has changed.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'modules', 'scan', 'kernels')
const assembly = join(folder, 'assembly')
const compiled = join(folder, 'wasm.ts')
const pages = 128

/** @returns the module, as bytes */
export async function compileKernels() {
  const { main } = await import('assemblyscript/asc')
  let wasm
  const { error, stderr } = await main(
    ['index.ts', '-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--noExportMemory', '--enable', 'simd', '--use', 'abort=',
      '--initialMemory', `${pages}`, '--maximumMemory', `${pages}`, '--outFile', 'kernels.wasm'],
    {
      readFile: (name, base) => {
        try {
          return readFileSync(join(base === '.' ? assembly : base, name), 'utf8')
        } catch {
          return null
        }
      },
      writeFile: (_, contents) => {
        wasm = contents
      },
      listFiles: () => [],
    },
  )
  if (error) throw new Error(`the scan kernels cannot be compiled: ${error.message}\n${stderr.toString()}`)
  return Buffer.from(wasm)
}

export function kernelSourceHash() {
  const hash = createHash('sha256').update(`${pages}`)
  for (const name of readdirSync(assembly).filter((name) => name.endsWith('.ts')).sort())
    hash.update(`${name}\n`).update(readFileSync(join(assembly, name)))
  return hash.digest('hex')
}

export async function buildKernels() {
  const source = kernelSourceHash()
  try {
    if (readFileSync(compiled, 'utf8').includes(source)) return
  } catch {
    // Not built yet.
  }
  const wasm = await compileKernels()
  writeFileSync(
    compiled,
    `// Made by .ci/kernels.mjs from assembly/, do not edit. SHA-256 of that source:\n// ${source}\n\n` +
      `/** The kernels as a WebAssembly module, in Base64. */\nexport const kernelsWasm =\n  '${wasm.toString('base64')}'\n`,
  )
}
