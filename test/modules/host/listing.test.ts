import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { listing } from '../../../modules/host/listing.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'

/** @param sizedAs the directory that is asked for its size */
function piecesOf(directory: string, sizedAs = directory): readonly number[] {
  const descriptor = openSync(sizedAs, 'r')
  try {
    return [...listing(`${directory}/`, descriptor)].map((piece) => piece.length)
  } finally {
    closeSync(descriptor)
  }
}

it('lists a small directory at once, and a large one a thousand names at a time', () => {
  const root = temporaryDirectory()
  for (let i = 0; i < 20; i++) writeFileSync(join(root, `a name of some length ${i}`), '')
  expect(piecesOf(root)).toEqual([20])
  for (let i = 20; i < 4000; i++) writeFileSync(join(root, `a name of some length ${i}`), '')
  expect(piecesOf(root)).toEqual([1024, 1024, 1024, 928])
})

// Directories of sysfs say 0 of their size and have their links, as those of bcachefs do.
it.runIf(existsSync('/sys/kernel'))('takes a directory that does not say its size for a large one', () => {
  const root = temporaryDirectory()
  for (let i = 0; i < 1100; i++) writeFileSync(join(root, `${i}`), '')
  expect(piecesOf(root)).toEqual([1100])
  expect(piecesOf(root, '/sys/kernel')).toEqual([1024, 76])
})
