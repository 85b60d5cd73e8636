import { exampleModule } from './example/index.ts'
import { fileModule } from './file/index.ts'
import type { ModuleDefinition } from './module.ts'
import { netstatModule } from './netstat/index.ts'

/** Every module there is, by name. Imported statically, so that a bundler embeds them all and nothing is loaded from a path. */
export const modules: readonly ModuleDefinition[] = [
  erase(fileModule),
  erase(netstatModule),
  erase(exampleModule),
]

const byName: ReadonlyMap<string, ModuleDefinition> = new Map(modules.map((module) => [module.name, module]))

/** The module of exactly this name, or undefined. */
export function findModule(name: string): ModuleDefinition | undefined {
  return byName.get(name)
}

/** Forgets a module's own types. Sound because `runModule` and `streamModule` parse parameters before the module sees them,
 *  and every element before `assemble` does. */
function erase<P, E, S>(module: ModuleDefinition<P, E, S>): ModuleDefinition {
  return module as unknown as ModuleDefinition
}
