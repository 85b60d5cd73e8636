import { type Host, HostError, type OpenDirectory } from '../../modules/host/host.ts'

/** Walking by path, for hosts in memory: there nothing is swapped in between two calls. */
export function openPathDirectory(
  host: Pick<Host, 'open' | 'stat' | 'list' | 'realPath'>,
  path: Uint8Array | string,
): OpenDirectory {
  const stat = host.stat(path, false)
  if (stat.kind === 'link') throw new HostError('is-link')
  if (stat.kind !== 'directory') throw new HostError('not-directory')
  const inside = (name: string) =>
    Buffer.concat([bytesOf(path), Buffer.from('/'), Buffer.from(name, 'latin1')])
  return {
    stat,
    *entries() {
      yield host.list(path).map(({ name, kind }) => ({ name: bytesOf(name).toString('latin1'), kind }))
    },
    openDirectory: (name) => openPathDirectory(host, inside(name)),
    open: (name, follow) => host.open(follow ? host.realPath(inside(name)) : inside(name)),
    statEntry: (name, follow) => host.stat(inside(name), follow),
    close: () => undefined,
  }
}

export function bytesOf(path: Uint8Array | string): Buffer {
  return typeof path === 'string' ? Buffer.from(path) : Buffer.from(path)
}
