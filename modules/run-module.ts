import { MigError } from '../node/core/error.ts'
import { driveModule } from './drive-module.ts'
import type { ModuleDefinition, RunContext } from './module.ts'
import { parseParameters } from './parameters.ts'
import { createResultCollector, type ModuleRun, type ResultLimits } from './result-collector.ts'

/** Runs a module in this process to MIG's result. Whatever goes wrong is in the result, it never throws:
 *  bad parameters and breakdowns are `success: false` with one error and no elements. */
export async function runModule<P, E, S>(
  definition: ModuleDefinition<P, E, S>,
  parameters: unknown,
  context: RunContext,
  limits: Omit<ResultLimits, 'maxMatches'> = {},
): Promise<ModuleRun<E>> {
  const collector = createResultCollector(definition, parameters, {
    ...limits,
    maxMatches: context.maxMatches,
  })
  try {
    const parsed = parseParameters(definition, parameters)
    const end = await driveModule(definition, parsed, context, (event) => {
      const verdict = event.kind === 'finding' ? collector.finding(event) : collector.problem(event)
      return verdict === 'full' ? 'full' : 'go-on'
    })
    return collector.finish(end.statistics, end.stopped)
  } catch (error) {
    // Only our own sentences leave the machine: a library's may quote what it was reading.
    if (error instanceof MigError) return collector.fail(error.message)
    return collector.fail(`module ${definition.name} failed`, error)
  }
}
