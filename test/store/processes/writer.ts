import { writeSync } from 'node:fs'
import { openLevelStore } from '../../../node/store/level-store.ts'

/** Writes pairs of records for ever, several at once, and prints each number once its write is acknowledged. */
const store = await openLevelStore(process.argv[2] ?? '')
const sync = process.argv[3] === 'sync'
let next = Number(process.argv[4] ?? 0)

async function write(): Promise<never> {
  for (;;) {
    const number = next++
    const value = new Uint8Array(200).fill(number % 251)
    await store.write(
      [
        { put: `a/${number}`, value },
        { put: `b/${number}`, value },
      ],
      { sync },
    )
    writeSync(1, `${number}\n`)
  }
}

await Promise.all([write(), write(), write()])
