import { existsSync, writeFileSync } from 'node:fs'
import { codeOf } from '../../../node/core/error.ts'
import { openLevelStore } from '../../../node/store/level-store.ts'

/** Writes once while syncs succeed and once where the sync fails (see `failing-sync.c`); prints how that went and what is there. */
const [directory = '', switchFile = ''] = process.argv.slice(2)
const store = await openLevelStore(directory)
const bytes = (text: string) => new TextEncoder().encode(text)

const before = [
  { put: 'kept', value: bytes('old') },
  { put: 'deleted', value: bytes('old') },
]
await store.write(before, { sync: true })
writeFileSync(switchFile, '')
const changes = [
  { put: 'kept', value: bytes('new') },
  { delete: 'deleted' },
  { put: 'added', value: bytes('new') },
]
const outcome = await store.write(changes, { sync: true }).then(() => 'written', codeOf)
const wasRefused = !existsSync(switchFile)
await store.write([{ put: 'later', value: bytes('x') }], { sync: true })
const found: string[] = []
for await (const [key, value] of store.entries({ from: '', to: '~' }))
  found.push(`${key}=${new TextDecoder().decode(value)}`)
await store.close()
console.log([outcome, wasRefused ? 'sync-refused' : 'sync-not-refused', ...found].join(' '))
