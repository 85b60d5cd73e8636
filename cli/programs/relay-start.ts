import '../../node/core/first.ts'
import * as command from '../commands/relay-start.ts'
import { runOnly } from '../run.ts'

export const run = runOnly({ words: 'relay start', summary: '', load: async () => command })
