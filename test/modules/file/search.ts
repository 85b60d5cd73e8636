import type { FileElement } from '../../../modules/file/element.ts'
import { fileModule } from '../../../modules/file/index.ts'
import type { FileStatistics } from '../../../modules/file/run.ts'
import { createHost } from '../../../modules/host/create-host.ts'
import { runModule } from '../../../modules/run-module.ts'
import type { Threads } from '../../../modules/threads.ts'

export interface Answer {
  readonly success: boolean
  readonly found: boolean
  readonly truncated: boolean
  readonly elements: Readonly<Record<string, readonly FileElement[]>>
  readonly errors: readonly string[]
  readonly statistics: FileStatistics
  /** Paths of hits by label, sorted; a path stands twice when two checks hit it. */
  files(label?: string): readonly string[]
}

/** Runs the module over a fixture as an endpoint does: schema, run, schema of every element. */
export async function searchIn(
  root: string,
  parameters: unknown,
  extra: {
    readonly signal?: AbortSignal
    readonly now?: number
    readonly maxMatches?: number
    readonly threads?: Threads
    readonly share?: number
  } = {},
): Promise<Answer> {
  const { result } = await runModule(fileModule, parameters, {
    host: createHost({ root }),
    signal: extra.signal ?? new AbortController().signal,
    now: extra.now ?? Date.now(),
    maxMatches: extra.maxMatches ?? 100_000,
    ...(extra.threads && { threads: extra.threads }),
    ...(extra.share !== undefined && { share: extra.share }),
  })
  const elements = (result.elements ?? {}) as Answer['elements']
  return {
    success: result.success,
    found: result.foundanything,
    truncated: result.truncated ?? false,
    elements,
    errors: result.errors ?? [],
    statistics: result.statistics as FileStatistics,
    files: (label = 's1') =>
      (elements[label] ?? [])
        .map((element) => element.file)
        .filter((file) => file !== '')
        .sort(),
  }
}

/** One search with the label `s1`. */
export function s1(search: object, options: object = {}): unknown {
  return { searches: { s1: { ...search, options: { matchall: true, ...options } } } }
}
