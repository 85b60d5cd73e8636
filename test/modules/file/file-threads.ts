import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Threads } from '../../../modules/threads.ts'

let bundle: string | undefined

/** Threads of the file module, from source; bundled once, because Node 20 reads no TypeScript.
 *  @param heard is told of each report of a thread, and of each thread itself */
export function fileThreads(
  count: number,
  heard: { readonly report?: (report: unknown) => void; readonly started?: (worker: Worker) => void } = {},
): Threads {
  bundle ??= bundled()
  const path = bundle
  return {
    count,
    afterMs: 0,
    start(workerData) {
      const worker = new Worker(path, { workerData, env: {} })
      if (heard.report !== undefined) worker.on('message', heard.report)
      heard.started?.(worker)
      // Time to come before this thread has done everything by itself.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
      return worker
    },
  }
}

function bundled(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mig-test-'))
  const path = join(directory, 'file-thread.cjs')
  // Tests of one file share it.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const options = ['--bundle', '--platform=node', '--format=cjs', `--outfile=${path}`, '--log-level=error']
  execFileSync('node_modules/.bin/esbuild', ['cli/programs/file-thread.ts', ...options])
  return path
}
