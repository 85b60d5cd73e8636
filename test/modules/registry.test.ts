import { expect, test } from 'vitest'
import { findModule, modules } from '../../modules/registry.ts'

test('finds every module by its name, each once', () => {
  expect(new Set(modules.map(({ name }) => name)).size).toBe(modules.length)
  for (const module of modules) expect(findModule(module.name)).toBe(module)
})

test.each(['File', 'netstat ', '', 'constructor', '__proto__', 'toString', 'ﬁle'])(
  'knows no module %j (V19, V20)',
  (name) => {
    expect(findModule(name)).toBeUndefined()
  },
)
