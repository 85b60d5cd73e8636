import '../../node/core/first.ts'
import * as command from '../commands/agent-checkin.ts'
import { runOnly } from '../run.ts'

export const run = runOnly({ words: 'agent checkin', summary: '', load: async () => command })
