import { codeOf } from '../../node/core/error.ts'
import { HostError, type HostErrorCode } from './host.ts'

const codes: Readonly<Record<string, HostErrorCode>> = {
  ENOENT: 'not-found',
  ESTALE: 'not-found',
  ENOTDIR: 'not-directory',
  EACCES: 'permission-denied',
  EPERM: 'permission-denied',
  ELOOP: 'is-link',
  ENAMETOOLONG: 'name-too-long',
  ENXIO: 'not-supported',
  ENODEV: 'not-supported',
  EOPNOTSUPP: 'not-supported',
  ESPIPE: 'not-supported',
}

/** What the system threw, as a HostError without the system's sentence. */
export function toHostError(error: unknown): HostError {
  if (error instanceof HostError) return error
  const code = codeOf(error)
  if (code === undefined) throw error
  return new HostError(codes[code] ?? 'read-failed')
}

/** Runs a system call. @throws HostError instead of the system's error */
export function systemCall<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw toHostError(error)
  }
}
