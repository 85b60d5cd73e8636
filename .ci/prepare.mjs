// `npm start` and `npm test` on a fresh machine: installs what is missing, then builds. Needs nothing but Node and npm.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`MIG Mesh needs Node 20.19 or later, this is ${process.versions.node}.`)
  process.exit(2)
}
// Not `npm ci`: it refuses a lock file where a registry lacks a development tool's build for another platform.
const stamp = join(root, 'node_modules', '.mig-installed')
const wanted = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex')
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.error('Installing dependencies …')
  execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  writeFileSync(stamp, wanted)
}
await (await import('./kernels.mjs')).buildKernels()
// Built from exactly these sources already? Then there is nothing to do.
const sources = createHash('sha256')
for (const folder of ['.ci', 'cli', 'modules', 'node']) {
  for (const name of readdirSync(join(root, folder), { recursive: true }).sort()) {
    if (!/\.(ts|mjs)$/.test(name)) continue
    sources.update(`${folder}/${name}\n`).update(readFileSync(join(root, folder, name)))
  }
}
const built = join(root, 'dist', 'built-from')
const hash = sources.update(wanted).update(process.version).digest('hex')
if (!existsSync(built) || readFileSync(built, 'utf8') !== hash) {
  await import('./build.mjs')
  writeFileSync(built, hash)
}
