import { expect, test } from 'vitest'
import { Places } from '../../node/mesh/places.ts'

const never = new AbortController().signal

test('whoever finds no place waits, the first come first, and a place given back twice is one place', async () => {
  const places = new Places(2)
  const leaveFirst = await places.take(never)
  const leaveSecond = await places.take(never)
  const order: number[] = []
  const third = places.take(never).then((leave) => {
    order.push(3)
    return leave
  })
  const fourth = places.take(never).then((leave) => {
    order.push(4)
    return leave
  })
  await Promise.resolve()
  expect(order).toEqual([])
  leaveFirst()
  leaveFirst()
  await third
  expect(order).toEqual([3])
  leaveSecond()
  ;(await fourth)()
  expect(order).toEqual([3, 4])
})

test('who gives up waiting takes no place from those behind', async () => {
  const places = new Places(1)
  const leave = await places.take(never)
  const controller = new AbortController()
  const impatient = places.take(controller.signal)
  const patient = places.take(never)
  controller.abort(new Error('enough'))
  await expect(impatient).rejects.toThrow('enough')
  leave()
  ;(await patient)()
  ;(await places.take(never))()
})
