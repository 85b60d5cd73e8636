import '../../node/core/first.ts'
import * as command from '../commands/agent-start.ts'
import { runOnly } from '../run.ts'

export const run = runOnly({ words: 'agent start', summary: '', load: async () => command })
