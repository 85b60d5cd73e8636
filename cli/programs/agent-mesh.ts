import '../../node/core/first.ts'
import * as command from '../commands/agent-mesh.ts'
import { runOnly } from '../run.ts'

export const run = runOnly({ words: 'agent mesh', summary: '', load: async () => command })
