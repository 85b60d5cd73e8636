/** Cases of scanning.md 11 that are not measured here, and why. */
export const waiting: readonly {
  readonly numbers: readonly number[]
  readonly what: string
  readonly why: string
}[] = [
  { numbers: [31, 32], what: 'memory of a process', why: 'no module `memory` yet' },
  {
    numbers: [33],
    what: 'netstat',
    why: '`netstat` asks for one address or port, no peer for that question alone yet; what is there changes between two askings',
  },
  { numbers: [34], what: 'list of processes', why: 'no module for it yet' },
  { numbers: [35, 36], what: 'packages', why: 'no module `pkg` yet' },
  {
    numbers: [38],
    what: 'throttle',
    why: 'an order of the gate has no share yet; `test/modules` holds the throttle itself',
  },
  {
    numbers: [40],
    what: 'no mismatch with re2js',
    why: 'a test, no figure: `test/modules/scan/automaton.laws.test.ts`',
  },
]
