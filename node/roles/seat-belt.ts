import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Node's permission model for the process that faces the network: it may start nothing, read this program and its own part of the
 *  state, and write only into the latter. The gate's keys and store lie outside.
 *  A seat belt, not the boundary: the boundary is that it holds no answer key and has no privilege (reference/security.md 3.1).
 *  @param command how to run this project: `[node, mig.js]`, or the single binary
 *  @param meshDirectory its own part of the state directory */
export function seatBelt(command: readonly string[], meshDirectory: string): readonly string[] {
  const [major = 0] = process.versions.node.split('.').map(Number)
  const [, entry] = command
  // Named twice where a link leads there: some calls name the one, some the other.
  const own = [...new Set([meshDirectory, realpathSync(meshDirectory)])].map((path) => `${path}/*`)
  const readable = [
    ...(entry === undefined ? [] : programFiles(realpathSync(entry))),
    // How the store's native part is chosen.
    '/etc/alpine-release',
    ...own,
  ]
  return [
    major >= 24 ? '--permission' : '--experimental-permission',
    '--allow-addons',
    // Never a directory and `/*` below it: of such a pair Node 20 dies before it begins.
    ...readable.map((path) => `--allow-fs-read=${path}`),
    ...own.map((path) => `--allow-fs-write=${path}`),
  ]
}

/** The bundle, and where Node looks for what is not in it. Not the whole project directory: a state directory may lie there. */
function programFiles(entry: string): readonly string[] {
  const home = dirname(entry)
  const files = [`${home}/*`]
  for (let directory = dirname(home); ; directory = dirname(directory)) {
    const modules = join(directory, 'node_modules')
    if (existsSync(modules)) files.push(`${modules}/*`)
    if (directory === dirname(home)) files.push(join(directory, 'package.json'))
    if (directory === dirname(directory)) return files
  }
}
