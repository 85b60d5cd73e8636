import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileModule } from '../../../modules/file/index.ts'
import { fileParameters } from '../../../modules/file/options.ts'
import { createHost } from '../../../modules/host/create-host.ts'
import type { Host } from '../../../modules/host/host.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'
import { s1 } from './search.ts'

/** A machine on which somebody acts between the listing of the first directory and the opening of what is in it. */
function actedUpon(root: string, act: () => void): Host {
  const host = createHost({ root })
  return Object.assign(Object.create(host), {
    root,
    platform: host.platform,
    mounts: () => host.mounts(),
    stat: host.stat.bind(host),
    realPath: host.realPath.bind(host),
    openDirectory(...words: Parameters<Host['openDirectory']>) {
      const directory = host.openDirectory(...words)
      const entries = [...directory.entries()]
      act()
      return Object.assign(Object.create(directory), {
        entries: () => entries,
        open: directory.open.bind(directory),
        statEntry: directory.statEntry.bind(directory),
        openDirectory: directory.openDirectory.bind(directory),
        close: directory.close.bind(directory),
      })
    },
  })
}

const swaps: Readonly<Record<string, readonly [problem: string, put: (path: string) => void]>> = {
  nothing: ['vanished', () => undefined],
  'a link out': ['vanished', (path) => symlinkSync('/etc/passwd', path)],
  'a pipe that nobody writes to': ['not-regular', (path) => execFileSync('mkfifo', [path])],
  'a directory': ['read-failed', (path) => mkdirSync(path)],
}

describe.runIf(process.platform === 'linux')('a file that is swapped once it was listed', () => {
  it.each(Object.keys(swaps))('is a problem and never a match, for %s', async (name) => {
    const [problem, put] = swaps[name] as (typeof swaps)[string]
    for (const contents of [['root|needle'], ['!no such word']]) {
      const root = temporaryDirectory()
      const path = join(root, 'file')
      writeFileSync(path, 'needle')
      const host = actedUpon(root, () => {
        unlinkSync(path)
        put(path)
      })
      const context = { host, signal: new AbortController().signal, now: 0, maxMatches: 9 }
      const events = []
      for await (const event of fileModule.run(fileParameters.parse(s1({ paths: ['/'], contents })), context))
        events.push(event)
      expect(events).toContainEqual({ kind: 'problem', code: problem, about: '/file' })
      expect(events.filter((event) => event.kind === 'finding' && event.found)).toEqual([])
    }
  })
})
