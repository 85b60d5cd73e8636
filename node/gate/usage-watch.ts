import { readdirSync, readFileSync } from 'node:fs'
import { moduleMemoryMegabytes } from '../core/limits.ts'

const ticksPerSecond = 100

export interface ProcessUsage {
  readonly cpuSeconds: number
  readonly residentBytes: number
}

/** Looks at what an operation has used in its host, and says when it is too much. Where the kernel shows nothing (not Linux, or no
 *  /proc), only the wall limit and V8's own limit hold.
 *  @param cpuSeconds of this operation; what the process had used before does not count
 *  @returns to be called every `watchIntervalMs` */
export function createUsageWatch(
  pid: number | undefined,
  cpuSeconds: number,
  exceeded: (reason: string) => void,
): () => void {
  const before = readUsage(pid)?.cpuSeconds ?? 0
  return () => {
    const usage = readUsage(pid)
    if (usage === undefined) return
    const used = usage.cpuSeconds - before
    if (used > cpuSeconds) exceeded(`CPU limit: used ${used.toFixed(1)} of ${cpuSeconds} s`)
    else if (usage.residentBytes > moduleMemoryMegabytes * 1024 * 1024) {
      exceeded(
        `memory limit: used ${Math.round(usage.residentBytes / 1024 / 1024)} of ${moduleMemoryMegabytes} MB`,
      )
    }
  }
}

/** proc(5): fields 14 and 15 of stat in clock ticks; VmRSS of status, since statm counts pages, which are of 4 to 64 KiB. Undefined
 *  where the kernel does not show it. */
export function readUsage(pid: number | undefined): ProcessUsage | undefined {
  if (pid === undefined || process.platform !== 'linux') return undefined
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name in field 2 may hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // Absent of a process that has ended.
    const resident = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      residentBytes: Number(resident) * 1024,
    }
  } catch {
    return undefined
  }
}

/** Where the kernel shows what a process holds, that is watched, buffers included. Elsewhere V8 has to keep its heap small by itself: a
 *  flag of V8's, which costs every start some 50 ms of processor time, because Node's own code cache does not fit then. */
export function heapFlags(
  megabytes: number,
  isShown = readUsage(process.pid) !== undefined,
): readonly string[] {
  return isShown ? [] : [`--max-old-space-size=${megabytes}`]
}

/** Is there any other process in a process's group? True where the kernel does not say.
 *  @see proc(5): field 5 of stat is the process group */
export function hasCompany(pid: number): boolean {
  try {
    return readdirSync('/proc').some((name) => {
      if (!/^\d+$/.test(name) || name === String(pid)) return false
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
        return stat.slice(stat.lastIndexOf(')') + 2).split(' ', 3)[2] === String(pid)
      } catch {
        return false // it has ended in the meantime
      }
    })
  } catch {
    return true
  }
}
