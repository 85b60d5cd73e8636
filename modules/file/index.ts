import type { Finding, ModuleDefinition } from '../module.ts'
import { fileExamples, fileOptions, toParameters } from './command-line.ts'
import { type FileElement, fileElement } from './element.ts'
import { normaliseParameters } from './normalise.ts'
import { type FileParameters, fileParameters } from './options.ts'
import { renderResult } from './render.ts'
import { type FileStatistics, fileStatistics, runSearches } from './run.ts'

/** Finds files by name, size, mode, age, content and hash; tells where they are and what stat says, never what is in them. */
export const fileModule: ModuleDefinition<FileParameters, FileElement, FileStatistics> = {
  name: 'file',
  summary: 'find files by name, size, mode, age, content or hash',
  sensitive: false,
  parameters: fileParameters,
  element: fileElement,
  statistics: fileStatistics,
  commandLine: { options: fileOptions, toParameters, examples: fileExamples },
  normalise: normaliseParameters,
  run: runSearches,
  assemble,
  render: renderResult,
}

/** `{label: [element…]}`, labels and elements in the order in which they came. */
function assemble(findings: readonly Finding<FileElement>[]): unknown {
  const byLabel = new Map<string, FileElement[]>()
  for (const { group, element } of findings) {
    const [label = ''] = group
    const elements = byLabel.get(label)
    if (elements === undefined) byLabel.set(label, [element])
    else elements.push(element)
  }
  return Object.fromEntries(byLabel)
}
