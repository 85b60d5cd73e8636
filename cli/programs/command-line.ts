import '../../node/core/promise-with-resolvers.ts'

export { run } from '../run.ts'
