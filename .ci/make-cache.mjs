// node [V8 flags] make-cache.mjs DIRECTORY PROGRAM WORDS… : runs a compiled program and, when it exits, writes V8's code cache of it
// for the V8 flags that this process was started with.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import v8 from 'node:v8'
import { Script } from 'node:vm'

const [directory, name, ...words] = process.argv.slice(2)
const tag = v8.cachedDataVersionTag()
// The gate sets a flag as it runs, and V8's tag of its flags cannot be brought back to what a start has: here it stays as it was.
v8.setFlagsFromString = () => undefined
const filename = join(directory, `${name}.cjs`)
const script = new Script(readFileSync(filename, 'latin1'), { filename })
// What it starts itself is started as it is later.
process.argv[1] = join(directory, '..', 'mig.js')
const module = { exports: {} }
process.on('exit', () => {
  if (v8.cachedDataVersionTag() !== tag) throw new Error(`${name} changed V8's flags: its cache would never be used`)
  const path = join(directory, `${name}.${tag}.cache`)
  writeFileSync(`${path}.new`, script.createCachedData())
  renameSync(`${path}.new`, path)
})
script.runInThisContext()(module.exports, createRequire(filename), module, filename, directory)
process.exitCode = await module.exports.run(words)
