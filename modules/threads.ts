import type { MessagePort, Worker } from 'node:worker_threads'

/** A module is handed its threads, as it is handed its host, and starts none. */
export type { MessagePort, Worker }

/** Threads that a run may use beside its own. They look at the machine by the same root and platform as the run's host. */
export interface Threads {
  /** How many the run has in all, its own counted. */
  readonly count: number
  /** After what time of its own work a run takes to them: what takes no longer is done sooner alone. */
  readonly afterMs: number
  /** Starts one that does a module's work. @param data what it is told, by structured clone */
  start(data: unknown): Worker
}
