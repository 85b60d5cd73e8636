import '../../node/core/promise-with-resolvers.ts'
import * as command from '../commands/module-run.ts'
import { runOnly } from '../run.ts'

export const run = runOnly({ words: 'module run', summary: '', load: async () => command })
