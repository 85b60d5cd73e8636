import type { ModuleDefinition } from '../modules/module.ts'
import { findModule, modules } from '../modules/registry.ts'
import { MigError } from '../node/core/error.ts'
import { nearest } from '../node/core/nearest.ts'

/** @throws MigError `unknown-module` with the nearest name */
export function moduleNamed(name: string): ModuleDefinition {
  const definition = findModule(name)
  if (definition !== undefined) return definition
  const near = nearest(
    name,
    modules.map((module) => module.name),
  )
  throw new MigError('unknown-module', `there is no module '${name}'`, {
    hint: near === undefined ? 'mig module list' : `did you mean '${near}'?`,
  })
}
