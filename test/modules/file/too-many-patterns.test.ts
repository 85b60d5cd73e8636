import { expect, test } from 'vitest'
import { fileParameters } from '../../../modules/file/options.ts'

test('content patterns that are too many for one file are refused by who asks, the one too many named by its place', () => {
  const large = `(${[...'abcdefghijklmnopqrstuvwxyz'].join('|')})x){1000}`
  const search = (count: number) => ({
    paths: ['/etc'],
    contents: ['!one', ...Array(count).fill(`(${large}`)],
  })
  expect(fileParameters.safeParse({ searches: { a: search(20), b: search(10) } }).success).toBe(true)
  const { error } = fileParameters.safeParse({ searches: { a: search(20), b: search(20) } })
  expect(error?.issues).toMatchObject([
    { path: ['searches', 'b', 'contents', 19], params: { code: 'bad-regex' } },
  ])
  expect(error?.issues[0]?.message).toMatch(/at most 2000000 are allowed together/)
})
