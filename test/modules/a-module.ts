import { z } from 'zod'
import type { Finding, ModuleDefinition, ModuleEvent, RunContext } from '../../modules/module.ts'

const parameters = z.strictObject({ words: z.array(z.string()).optional() })
const element = z.object({ word: z.string(), inner: z.object({ size: z.number() }).optional() })
const statistics = z.object({ seen: z.int() })

export type Word = z.infer<typeof element>
export type WordModule = ModuleDefinition<z.infer<typeof parameters>, Word, z.infer<typeof statistics>>
type WordEvents = AsyncGenerator<ModuleEvent<Word>, { seen: number }>

/** A module that does what a test tells it: by default it finds the words it is given. */
export function aModule(
  run: (context: RunContext, words: readonly string[]) => WordEvents = findWords,
): WordModule {
  return {
    name: 'words',
    summary: 'finds words',
    sensitive: false,
    parameters,
    element,
    statistics,
    commandLine: { options: z.strictObject({}), toParameters: () => ({}), examples: [] },
    run: ({ words = [] }, context) => run(context, words),
    assemble: (findings) => findings.map(({ element: { word } }) => word),
    render: () => [],
  }
}

export function aFinding(word: string, found = true): Finding<Word> {
  return { kind: 'finding', found, group: ['words'], element: { word } }
}

async function* findWords(_context: RunContext, words: readonly string[]): WordEvents {
  for (const word of words) yield aFinding(word)
  return { seen: words.length }
}
