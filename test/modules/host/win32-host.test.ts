import { expect, it } from 'vitest'
import { PortableHost } from '../../../modules/host/portable-host.ts'
import { windowsComponents } from '../../../modules/host/win32-host.ts'

it('splits Windows paths at either slash', () => {
  expect(windowsComponents('C:\\Users\\x', false)).toEqual(['C:', 'Users', 'x'])
  expect(windowsComponents('/C:/Users//x/', false)).toEqual(['C:', 'Users', 'x'])
})

it('drops the drive below an image root', () => {
  expect(windowsComponents('C:\\Users', true)).toEqual(['Users'])
  expect(windowsComponents('/Users', true)).toEqual(['Users'])
})

it('names drives without a leading slash to the system', () => {
  const host = new PortableHost('/', 'win32', (path) => windowsComponents(path, false))
  expect(host.native(['C:', 'Users']).toString()).toBe('C:/Users')
})
