import type { Host } from '../../modules/host/host.ts'
import { utf8Decode } from '../core/encoding.ts'
import { codeOf } from '../core/error.ts'
import type { Environment } from '../core/heartbeat.ts'

const archNames: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }
const osNames: Readonly<Record<string, string>> = { win32: 'windows' }

/** The machine in MIG's words: Go's names for system and architecture, the distribution's own name (reference/mig.md 1.8). */
export function readEnvironment(
  host: Host,
  machine: {
    readonly arch: string
    readonly addresses: readonly string[]
    readonly modules: readonly string[]
  },
): Environment {
  return {
    init: readInit(host),
    ident: readIdent(host),
    os: osNames[host.platform] ?? host.platform,
    arch: archNames[machine.arch] ?? machine.arch,
    addresses: machine.addresses.slice(0, 64),
    modules: [...machine.modules].sort().slice(0, 64),
  }
}

function readInit(host: Host): string {
  if (host.platform === 'darwin') return 'launchd'
  if (host.platform === 'win32') return 'windows'
  if (exists(host, '/run/systemd/system')) return 'systemd'
  if (exists(host, '/sbin/openrc')) return 'openrc'
  return exists(host, '/etc/init.d') ? 'sysvinit' : 'unknown'
}

function exists(host: Host, path: string): boolean {
  try {
    host.stat(path, true)
    return true
  } catch {
    return false
  }
}

function readIdent(host: Host): string {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      const name = prettyName(utf8Decode(host.readFile(path, 64 * 1024)) ?? '')
      if (name !== undefined) return name
    } catch (error) {
      // A machine without the file has the next one, or no name; everything else is a fault worth showing.
      if (codeOf(error) === 'ENOMEM') throw error
    }
  }
  return host.platform
}

/** PRETTY_NAME of os-release(5), control characters taken out. */
export function prettyName(text: string): string | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith('PRETTY_NAME='))
  const value = line
    ?.slice('PRETTY_NAME='.length)
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
  const clean = value
    ?.normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '')
    .slice(0, 256)
  return clean === undefined || clean === '' ? undefined : clean
}
