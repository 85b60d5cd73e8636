import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'
import { makeZip } from '../archive/make-zip.ts'
import { s1, searchIn } from './search.ts'

const elf = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 0xff, 0x0a, 0xfe, 0x00])

async function find(search: object, options: object = {}): Promise<readonly string[]> {
  const root = temporaryDirectory()
  writeFileSync(join(root, 'key'), '-----BEGIN\nsecret\nEND-----\n')
  writeFileSync(join(root, 'apart'), 'BEGIN\n\n\nnothing\nEN D\n')
  writeFileSync(join(root, 'elf'), elf)
  writeFileSync(join(root, 'a.zip'), makeZip([{ name: 'elf', content: elf }]))
  const answer = await searchIn(root, s1({ paths: ['/'], ...search }, options))
  expect(answer.success).toBe(true)
  return answer.files()
}

it('multiline sees the content as one text', async () => {
  expect(await find({ multilines: ['BEGIN\\n[a-z]+\\nEND'] })).toEqual(['/key'])
  expect(await find({ contents: ['BEGIN\\n[a-z]+\\nEND'] })).toEqual([])
  expect(await find({ multilines: ['(?s)BEGIN.*EN ?D'], names: ['^[ak]'] })).toEqual(['/apart', '/key'])
  expect(await find({ multilines: ['!BEGIN'], names: ['^(key|elf)$'] })).toEqual(['/elf'])
})

it('bytes sees bytes, newlines and those that are no UTF-8', async () => {
  expect(await find({ bytes: ['^\\x7fELF\\x02\\xff\\n\\xfe\\x00$'] })).toEqual(['/elf'])
  expect(await find({ contents: ['\\xff'] })).toEqual([])
  expect(await find({ bytes: ['\\xfe\\x00'] }, { archives: true })).toEqual(['/a.zip', '/elf'])
})

it('all three go together, in every mode', async () => {
  const search = { contents: ['^secret$'], multilines: ['BEGIN\\nsecret'], bytes: ['\\x0aEND'] }
  expect(await find(search)).toEqual(['/key'])
  expect(await find({ ...search, bytes: ['\\xff'] })).toEqual([])
  expect(await find({ ...search, bytes: ['\\xff'] }, { matchall: false })).toEqual(['/elf', '/key', '/key'])
})
