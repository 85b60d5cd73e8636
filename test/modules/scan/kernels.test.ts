import { expect, test } from 'vitest'
// @ts-expect-error a build script, of JavaScript
import { compileKernels, kernelSourceHash } from '../../../.ci/kernels.mjs'
import { Kernels, kernelsOf } from '../../../modules/scan/kernels/kernels.ts'
import { layout } from '../../../modules/scan/kernels/layout.ts'
import { readBuffer } from '../../../modules/scan/kernels/read-buffer.ts'
import { kernelsWasm } from '../../../modules/scan/kernels/wasm.ts'
import { Dice } from './random-pattern.ts'

test('the kernels that are shipped are those that their source makes', async () => {
  const wasm: Buffer = await compileKernels()
  expect(wasm.toString('base64')).toBe(kernelsWasm)
  expect(kernelSourceHash()).toMatch(/^[0-9a-f]{64}$/)
}, 60_000)

test('this machine has kernels, unless they are not wanted', () => {
  // Without this, everything else would be tested twice without them.
  expect(kernelsOf('auto')).toBeInstanceOf(Kernels)
  expect(kernelsOf('off')).toBeUndefined()
})

test('their memory neither grows nor is more than 8 MiB', () => {
  const kernels = new Kernels()
  expect(kernels.bytes.length).toBe(8 * 1024 * 1024)
  expect(layout.end + 128).toBeLessThanOrEqual(kernels.bytes.length)
})

test('counts newlines at any place', () => {
  const { run, bytes } = new Kernels()
  const dice = new Dice(6)
  for (let round = 0; round < 300; round++) {
    const from = dice.below(70)
    const to = from + dice.below(200)
    bytes.subarray(layout.copied, layout.copied + 400).forEach((_, i) => {
      bytes[layout.copied + i] = dice.below(3) === 0 ? 0x0a : 0x0b
    })
    const expected = bytes
      .subarray(layout.copied + from, layout.copied + to)
      .filter((byte) => byte === 0x0a).length
    expect(run.newlines(layout.copied, from, to)).toBe(expected)
  }
})

test('buffers to read into lie apart in their memory, come back, and are ordinary ones when there is no room', () => {
  const memory = kernelsOf('auto')?.bytes.buffer
  const some = Array.from({ length: 12 }, () => readBuffer(1024 * 1024))
  const within = some.filter(({ bytes }) => bytes.buffer === memory)
  expect(within.length).toBe(5)
  expect(some.every(({ bytes }) => bytes.length === 1024 * 1024)).toBe(true)
  for (const [i, { bytes }] of some.entries()) bytes.fill(i)
  for (const [i, { bytes }] of some.entries()) expect(new Set([bytes[0], bytes.at(-1)])).toEqual(new Set([i]))
  for (const one of [...within, ...some]) one.release()
  const large = readBuffer(5 * 1024 * 1024)
  expect(large.bytes.buffer).toBe(memory)
  large.release()
})
