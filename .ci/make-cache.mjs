// node [V8 flags] make-cache.mjs DIRECTORY PROGRAM WORDS… : runs a compiled program and, when it exits, writes V8's code cache of it
// for the V8 flags that this process was started with.
// node [V8 flags] make-cache.mjs agent mesh --state STATE … : the same, as a gate starts its mesh process, which may write nowhere but below
// STATE/mesh. For this the build puts a copy of this file where mig.js stands.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import v8 from 'node:v8'
import { Script } from 'node:vm'

const self = process.argv[1]
const byGate = process.argv[2] === 'agent'
const [directory, name, ...words] = byGate
  ? [join(dirname(self), 'compiled'), 'agent-mesh', ...process.argv.slice(2)]
  : process.argv.slice(2)
const output = byGate ? join(words[words.indexOf('--state') + 1], 'mesh') : directory
const tag = v8.cachedDataVersionTag()
// Whoever parses a target sets a flag, and V8's tag of its flags cannot be brought back to what a start has: here it stays as it was.
v8.setFlagsFromString = () => undefined
const filename = join(directory, `${name}.cjs`)
const script = new Script(readFileSync(filename, 'latin1'), { filename })
// What it starts itself is started as it is later.
process.argv[1] = byGate ? self : join(directory, '..', name === 'agent-start' ? 'make-cache.mjs' : 'mig.js')
const module = { exports: {} }
process.on('exit', () => {
  if (v8.cachedDataVersionTag() !== tag) throw new Error(`${name} changed V8's flags: its cache would never be used`)
  const path = join(output, `${name}.${tag}.cache`)
  writeFileSync(`${path}.new`, script.createCachedData())
  renameSync(`${path}.new`, path)
})
script.runInThisContext()(module.exports, createRequire(filename), module, filename, directory)
process.exitCode = await module.exports.run(words)
