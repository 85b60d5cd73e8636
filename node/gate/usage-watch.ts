import { readFileSync } from 'node:fs'
import { moduleMemoryMegabytes } from '../core/limits.ts'

const ticksPerSecond = 100
const pageBytes = 4096

/** Looks at what a module child has used, and says when it is too much. Where the kernel shows nothing (not Linux), only the wall
 *  limit holds. `--max-old-space-size` does not bound buffers, so resident memory is what is watched.
 *  @returns to be called every `watchIntervalMs` */
export function createUsageWatch(
  pid: number | undefined,
  cpuSeconds: number,
  exceeded: (reason: string) => void,
): () => void {
  return () => {
    if (pid === undefined || process.platform !== 'linux') return
    const usage = readUsage(pid)
    if (usage === undefined) return
    if (usage.cpuSeconds > cpuSeconds)
      exceeded(`CPU limit: used ${usage.cpuSeconds.toFixed(1)} of ${cpuSeconds} s`)
    else if (usage.residentBytes > moduleMemoryMegabytes * 1024 * 1024) {
      exceeded(
        `memory limit: used ${Math.round(usage.residentBytes / 1024 / 1024)} of ${moduleMemoryMegabytes} MB`,
      )
    }
  }
}

/** proc(5): fields 14 and 15 of stat in clock ticks, field 2 of statm in pages. */
function readUsage(pid: number): { cpuSeconds: number; residentBytes: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name in field 2 may hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const resident = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1])
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      residentBytes: resident * pageBytes,
    }
  } catch {
    return undefined
  }
}
