import '../../node/core/first.ts'
import * as command from '../commands/investigator-start.ts'
import { runOnly } from '../run.ts'

export const run = runOnly({ words: 'investigator start', summary: '', load: async () => command })
