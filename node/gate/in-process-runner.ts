import type { Host } from '../../modules/host/host.ts'
import type { ModuleDefinition } from '../../modules/module.ts'
import { runModule } from '../../modules/run-module.ts'
import type { Clock } from '../core/clock.ts'
import { runnableModules } from './runnable-modules.ts'
import type { RunnableModule, Runner } from './runner.ts'

/** Runs modules in this process: for tests, `mig lab` and `-t local`, where hundreds of agents share one machine.
 *  An endpoint never uses it: a module that hangs would take the gate with it. */
export function createInProcessRunner(
  modules: readonly ModuleDefinition[],
  ports: { readonly host: Host; readonly clock: Clock },
): Runner {
  const runnable: ReadonlyMap<string, RunnableModule> = runnableModules(modules)
  return {
    modules: runnable,
    async run(order) {
      const definition = modules.find((module) => module.name === order.module)
      if (definition === undefined) throw new RangeError(`no module ${order.module}`)
      const deadline = new AbortController()
      const callOff = ports.clock.after(order.wallMs, () => deadline.abort(new Error('deadline')))
      const run = await runModule(
        definition,
        order.parameters,
        {
          host: ports.host,
          signal: AbortSignal.any([order.signal, deadline.signal]),
          now: ports.clock.now(),
          maxMatches: order.matches,
        },
        { maxOutputBytes: order.outputBytes },
      )
      callOff()
      const found = run.findings.filter((finding) => finding.found).length
      if (order.signal.aborted)
        return { outcome: 'cancelled', reason: 'cancelled', result: run.result, found }
      if (deadline.signal.aborted)
        return {
          outcome: 'timed-out',
          reason: `stopped after ${order.wallMs / 1000} s`,
          result: run.result,
          found,
        }
      if (!run.result.success)
        return { outcome: 'failed', reason: run.result.errors?.[0] ?? 'failed', result: run.result, found }
      return { outcome: 'done', result: run.result, found }
    },
  }
}
