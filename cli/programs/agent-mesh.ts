import '../../node/core/promise-with-resolvers.ts'
import * as command from '../commands/agent-mesh.ts'
import { runOnly } from '../run.ts'

export const run = runOnly({ words: 'agent mesh', summary: '', load: async () => command })
