import { modules } from '../../modules/registry.ts'

/** Every module name that this version knows: what an ACL may name beside `default`. */
export const knownModules: ReadonlySet<string> = new Set(modules.map((module) => module.name))
