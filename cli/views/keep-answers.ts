import type { ResultView } from '../../node/roles/service.ts'

/** The answers of one agent, by name or peer id, and of one module's operations. */
export function keepAnswers(
  views: readonly ResultView[],
  { agent, module }: { readonly agent?: string; readonly module?: string },
): readonly ResultView[] {
  const ofAgent = views.filter((view) => agent === undefined || view.agent === agent || view.peer === agent)
  return module === undefined ? ofAgent : ofAgent.flatMap((view) => onlyModule(view, module))
}

/** Operations are found by position: all lists are cut alike. */
function onlyModule(view: ResultView, module: string): readonly ResultView[] {
  const places = view.modules.flatMap((name, i) => (name === module ? [i] : []))
  if (places.length === 0) return []
  const at = <T>(list: readonly T[]) => places.flatMap((i) => (i < list.length ? [list[i] as T] : []))
  return [
    {
      ...view,
      modules: at(view.modules),
      ...(view.results === undefined ? {} : { results: at(view.results) }),
      ...(view.found === undefined ? {} : { found: at(view.found) }),
    },
  ]
}
