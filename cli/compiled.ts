import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cachedDataVersionTag } from 'node:v8'
import { Script } from 'node:vm'

interface Compiled {
  readonly run: (words: readonly string[]) => Promise<number>
}

/** Commands that have a program of their own, each with nothing else in it; everything else is `command-line`. */
const ownPrograms: readonly string[] = [
  'module host',
  'agent start',
  'agent checkin',
  'agent mesh',
  'relay start',
  'investigator start',
]

/** The program for this command as the build has compiled it: V8's code cache saves each process from compiling the same source
 *  again, which is most of what starting one costs. Undefined when run from source; a cache of another V8 is not used.
 *  @see docs/decisions/compiled-programs.md */
export function loadCompiled(words: readonly string[], entryUrl: string): Compiled | undefined {
  const name =
    ownPrograms.find((own) => own === `${words[0]} ${words[1]}`)?.replace(' ', '-') ?? 'command-line'
  const directory = join(dirname(fileURLToPath(entryUrl)), 'compiled')
  const filename = join(directory, `${name}.cjs`)
  const source = read(filename)
  if (source === undefined) return undefined
  // Only what the build wrote beside the program: whoever can write there can change the program itself.
  const cachedData = read(join(directory, `${name}.${cachedDataVersionTag()}.cache`))
  const script = new Script(source.toString('latin1'), {
    filename,
    ...(cachedData === undefined ? {} : { cachedData }),
  })
  const module = { exports: {} as Compiled }
  script.runInThisContext()(module.exports, createRequire(filename), module, filename, directory)
  return module.exports
}

/** A text that the build wrote beside the program; undefined when run from source. */
export function readBeside(entryUrl: string, name: string): string | undefined {
  return read(join(dirname(fileURLToPath(entryUrl)), name))?.toString('utf8')
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
