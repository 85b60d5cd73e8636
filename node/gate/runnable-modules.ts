import type { ModuleDefinition } from '../../modules/module.ts'
import { parseParameters } from '../../modules/parameters.ts'
import { messageOf } from '../core/error.ts'
import type { RunnableModule } from './runner.ts'

/** What authorisation needs to know of each module. */
export function runnableModules(modules: readonly ModuleDefinition[]): ReadonlyMap<string, RunnableModule> {
  return new Map(
    modules.map((definition) => [
      definition.name,
      {
        sensitive: definition.sensitive,
        checkParameters(parameters) {
          try {
            parseParameters(definition, parameters)
            return undefined
          } catch (error) {
            return messageOf(error)
          }
        },
      },
    ]),
  )
}
