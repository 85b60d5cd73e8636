import type { EntryPath } from '../archive/archive-visitor.ts'
import { walkArchive } from '../archive/walk-archive.ts'
import { problemOf } from '../host-problem.ts'
import type { ProblemCode } from '../module.ts'
import type { EntryFacts } from './entry-facts.ts'
import { EntrySearch } from './entry-search.ts'
import { type BytePath, bytesOf, join } from './file-path.ts'
import { archiveLimits, fileSource } from './file-source.ts'
import type { Hit } from './match-file.ts'
import type { FileScanner } from './scan-file.ts'
import type { SearchPlan } from './search-plan.ts'
import type { FileVisit } from './visit.ts'

export interface ArchiveListener {
  /** Does this search still want hits? */
  wants(plan: SearchPlan): boolean
  hit(hit: Hit, facts: EntryFacts): void
  problem(code: ProblemCode, about: BytePath): void
}

/** Tests what lies in a file, should it be an archive, for the searches that look into archives. */
export async function searchArchive(
  visit: FileVisit,
  plans: readonly SearchPlan[],
  scanner: FileScanner,
  listener: ArchiveListener,
): Promise<void> {
  const path = join(visit.directory, visit.name)
  const search = new EntrySearch(plans, scanner.scanners, scanner.breath, {
    wants: (plan) => listener.wants(plan),
    hit: (hit, facts) => listener.hit(hit, facts),
    problem: (entry, code) => listener.problem(code, inside(path, entry)),
  })
  const limits = archiveLimits(Math.max(...plans.map((plan) => plan.archiveDepth)))
  try {
    const file = visit.open()
    try {
      await walkArchive(fileSource(file), bytesOf(visit.name), search, limits)
      if (search.hasLooked && file.changed()) listener.problem('changed-while-read', path)
    } finally {
      file.close()
    }
  } catch (error) {
    const { code } = problemOf(error, '')
    const vanished = code === 'not-found' || code === 'symlink-not-followed'
    listener.problem(vanished ? 'vanished' : code, path)
  }
}

function inside(path: BytePath, entry: EntryPath): BytePath {
  return [path, ...entry.map((name) => name.toString('latin1'))].join('!/')
}
