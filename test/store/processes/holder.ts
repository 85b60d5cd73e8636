import { codeOf } from '../../../node/core/error.ts'
import { openLevelStore } from '../../../node/store/level-store.ts'

/** Opens the store that it is told, says how that went, and holds it until it is killed. */
try {
  const store = await openLevelStore(process.argv[2] ?? '')
  console.log('open')
  setInterval(() => store, 1000)
} catch (error) {
  console.log(codeOf(error) ?? String(error))
}
