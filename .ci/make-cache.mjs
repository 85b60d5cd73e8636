// node [V8 flags] make-cache.mjs DIRECTORY PROGRAM WORDS… : runs a compiled program and, when it exits, writes V8's code cache of it
// for the V8 flags that this process was started with.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { cachedDataVersionTag, setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

const [directory, name, ...words] = process.argv.slice(2)
const tag = cachedDataVersionTag()
const filename = join(directory, `${name}.cjs`)
const script = new Script(readFileSync(filename, 'latin1'), { filename })
// What it starts itself is started as it is later.
process.argv[1] = join(directory, '..', 'mig.js')
const module = { exports: {} }
process.on('exit', () => {
  // The gate sets this flag as it runs; the cache must carry the flags of a start.
  setFlagsFromString('--no-liftoff-only')
  if (cachedDataVersionTag() !== tag) return
  const path = join(directory, `${name}.${tag}.cache`)
  writeFileSync(`${path}.new`, script.createCachedData())
  renameSync(`${path}.new`, path)
})
script.runInThisContext()(module.exports, createRequire(filename), module, filename, directory)
process.exitCode = await module.exports.run(words)
