import '../../node/core/promise-with-resolvers.ts'
import * as command from '../commands/investigator-start.ts'
import { runOnly } from '../run.ts'

export const run = runOnly({ words: 'investigator start', summary: '', load: async () => command })
