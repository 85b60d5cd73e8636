import '../../node/core/first.ts'
import * as command from '../commands/module-host.ts'
import { runOnly } from '../run.ts'

export const run = runOnly({ words: 'module host', summary: '', load: async () => command })
