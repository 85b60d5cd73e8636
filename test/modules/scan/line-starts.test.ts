import { expect, test } from 'vitest'
import { LineStarts } from '../../../modules/scan/engine/line-starts.ts'
import { Dice } from './random-pattern.ts'

test('lines begin where they do, in whatever order they are asked for', () => {
  const dice = new Dice(14)
  for (let round = 0; round < 200; round++) {
    const every = dice.one([1, 2, 5, 30])
    const chunk = Buffer.from(
      Array.from({ length: 1 + dice.below(60) }, () => (dice.below(every) === 0 ? 0x0a : 0x61)),
    )
    const starts = new LineStarts(chunk, 1000, 990)
    for (let i = 0; i < 40; i++) {
      const at = 1 + dice.below(chunk.length)
      const before = at < 2 ? -1 : chunk.lastIndexOf(0x0a, at - 2)
      expect(starts.of(at)).toBe(before < 0 ? 990 : 1000 + before + 1)
    }
  }
})

test('a question after one about another place looks at the line that it is about, not at all between', () => {
  const chunk = Buffer.alloc(100_000, '\n')
  let looks = 0
  const counting = new Proxy(chunk, {
    get: (target, name) => {
      if (name === 'indexOf' || name === 'lastIndexOf') looks += 1
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const starts = new LineStarts(counting, 0, 0)
  for (let i = 1; i <= 100; i++) {
    expect(starts.of(i)).toBe(i - 1)
    expect(starts.of(chunk.length - i)).toBe(chunk.length - i - 1)
  }
  expect(looks).toBeLessThan(1000)
})
