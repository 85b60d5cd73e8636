import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { utf8, utf8Decode } from '../../node/core/encoding.ts'
import { codeOf } from '../../node/core/error.ts'
import { readPrivateFile, replaceFile } from '../../node/store/private-file.ts'

const schema = z.strictObject({
  /** The process that faces the network. */
  pid: z.int().positive(),
  /** Agents: the process that has no network and runs the modules; it is the other's parent. */
  gatepid: z.int().positive().optional(),
  version: z.string().max(100),
  startedat: z.string().max(40),
  addresses: z.array(z.string().max(512)).max(64),
})

/** What a running node writes into its state directory, so that others can tell that it runs without opening its store. */
export type Running = z.output<typeof schema>

/** In the part of the process that faces the network: it may write nowhere else. */
const path = (state: string) => join(state, 'mesh', 'running')

/** @returns how to take it away again */
export async function writeRunningFile(state: string, running: Running): Promise<() => Promise<void>> {
  await replaceFile(path(state), utf8(`${JSON.stringify(running)}\n`))
  return () => rm(path(state), { force: true })
}

/** Undefined when no node runs there: also when one was killed and its file stayed behind. */
export async function readRunningFile(state: string): Promise<Running | undefined> {
  let running: Running
  try {
    running = schema.parse(JSON.parse(utf8Decode(await readPrivateFile(path(state))) ?? ''))
  } catch {
    return undefined // not there, or half of nothing: a hint only, the store's lock is the truth
  }
  return (await isMig(running.pid)) ? running : undefined
}

/** The number of a process that died is soon another's. */
async function isMig(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false
  }
  if (process.platform !== 'linux') return true
  try {
    return / (start|mesh)(\s|$)/.test((await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' '))
  } catch {
    return false
  }
}
