import { describe, expect, it } from 'vitest'
import { controlSocketPath } from '../../node/store/state-paths.ts'

describe('controlSocketPath', () => {
  const longest = `/${'s'.repeat(100 - '/'.length - '/control.sock'.length)}`

  it('is inside the state directory up to a hundred bytes', () => {
    expect(controlSocketPath('linux', '/var/lib/mig')).toBe('/var/lib/mig/control.sock')
    expect(controlSocketPath('darwin', longest)).toBe(`${longest}/control.sock`)
  })

  it.each(['linux', 'darwin'] as const)(
    'moves out of a longer one on %s, still short and one for each directory',
    (platform) => {
      const moved = controlSocketPath(platform, `${longest}x`)
      expect(moved).toMatch(/^\/tmp\/mig-[0-9a-f]{24}\/control\.sock$/)
      expect(controlSocketPath(platform, `${longest}y`)).not.toBe(moved)
      expect(controlSocketPath(platform, `${longest}x`)).toBe(moved)
      expect(controlSocketPath(platform, `${longest}x`, '/run/user/7')).toMatch(/^\/run\/user\/7\/mig-/)
    },
  )

  it('counts bytes, not characters', () => {
    expect(controlSocketPath('linux', `/${'ü'.repeat(45)}`)).toMatch(/^\/tmp\//)
  })

  it('is a pipe of its own for each directory on Windows, whatever the case and the ending', () => {
    const pipe = controlSocketPath('win32', 'C:\\Users\\Ana\\AppData\\Local\\mig')
    expect(pipe).toMatch(/^\\\\\.\\pipe\\mig-[0-9a-f]{24}$/)
    expect(controlSocketPath('win32', 'c:\\users\\ana\\appdata\\local\\mig\\')).toBe(pipe)
    expect(controlSocketPath('win32', 'C:/Users/Ana/AppData/Local/mig')).toBe(pipe)
    expect(controlSocketPath('win32', 'C:\\Users\\Ana\\AppData\\Local\\mig2')).not.toBe(pipe)
  })
})
