import { MigError } from '../core/error.ts'
import { parseTarget, type Target } from '../core/target.ts'

const maxTargets = 1024

/** Parses target expressions, each once.
 *  @returns a function that gives the target, or one sentence on what is wrong with it */
export function createTargetCache(): (expression: string) => Promise<Target | string> {
  const targets = new Map<string, Target>()
  return async (expression) => {
    const known = targets.get(expression)
    if (known !== undefined) return known
    try {
      const target = await parseTarget(expression)
      if (targets.size >= maxTargets) targets.clear()
      targets.set(expression, target)
      return target
    } catch (error) {
      if (error instanceof MigError && error.code === 'bad-target') return error.message
      throw error
    }
  }
}
