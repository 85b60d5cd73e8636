import { codeOf, messageOf } from '../core/error.ts'
import type { Change } from '../store/store.ts'
import type { ActionRecord, ReplayMemory } from './replay-memory.ts'
import type { ActionRun } from './run-action.ts'

/** Every action that was accepted gets an outcome, whatever stands in the way of writing it. */
export interface Outcomes {
  finish(record: ActionRecord, run: ActionRun): Promise<void>
  /** Those whose outcome found no room on the disk; what they found is lost. */
  finishUnwritten(): Promise<void>
}

export function createOutcomes(ports: {
  readonly memory: Pick<ReplayMemory, 'finish'>
  /** The signed answer as it is to be stored. */
  readonly write: (record: ActionRecord, run: ActionRun) => readonly Change[]
  readonly finished: (actionId: string) => void
  readonly log: (event: string, details: Record<string, unknown>) => void
}): Outcomes {
  const { memory, write, finished, log } = ports
  const unwritten = new Map<string, ActionRecord>()

  function changesOf(record: ActionRecord, run: ActionRun): readonly Change[] {
    try {
      return write(record, run)
    } catch (error) {
      log('answer-not-written', { action: record.id, error: messageOf(error) })
      // Better a poorer outcome, or at last one that nobody can read, than an action without any: that would stop every start.
      try {
        return write(record, {
          outcome: run.outcome,
          reason: 'the result could not be written',
          reports: [],
        })
      } catch {
        return []
      }
    }
  }

  async function finish(record: ActionRecord, run: ActionRun): Promise<void> {
    try {
      await memory.finish(record.id, changesOf(record, run))
    } catch (error) {
      if (codeOf(error) !== 'disk-full') throw error
      // It has run and must not stay without an outcome; there may be room later.
      unwritten.set(record.id, record)
      return log('outcome-not-written', { action: record.id, error: messageOf(error) })
    }
    unwritten.delete(record.id)
    log('outcome', { action: record.id, outcome: run.outcome, reason: run.reason })
    finished(record.id)
  }

  return {
    finish,
    async finishUnwritten() {
      for (const record of unwritten.values())
        await finish(record, {
          outcome: 'failed',
          reason: 'disk-full: the result could not be kept',
          reports: [],
        })
    },
  }
}
