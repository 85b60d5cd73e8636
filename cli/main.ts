#!/usr/bin/env node
import '../node/core/promise-with-resolvers.ts'
import { run } from './run.ts'

// The one executable. Everything it may need is loaded when a command needs it.
process.exitCode = await run(process.argv.slice(2))
