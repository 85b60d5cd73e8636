import '../../node/core/first.ts'

export { run } from '../run.ts'
