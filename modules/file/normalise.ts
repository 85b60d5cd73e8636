type PlainObject = Readonly<Record<string, unknown>>

// Names that older MIG versions and their published actions use, and what they are called now.
const renamed: Readonly<Record<string, string>> = {
  path: 'paths',
  regexes: 'contents',
  sha256: 'sha2',
  sha384: 'sha2',
  sha512: 'sha2',
}

/** Rewrites older forms: search labels directly under the parameters, `sha256` for `sha2`, `regexes` for `contents`, `path` for
 *  `paths`. What it does not know it leaves alone, for the schema to refuse. */
export function normaliseParameters(parameters: unknown): unknown {
  if (!isPlainObject(parameters)) return parameters
  const searches = searchesOf(parameters)
  if (searches === undefined) return parameters
  const entries = Object.entries(searches).map(([label, search]) => [label, normaliseSearch(search)])
  return { searches: Object.fromEntries(entries) }
}

function searchesOf(parameters: PlainObject): PlainObject | undefined {
  const values = Object.values(parameters)
  if (!Object.hasOwn(parameters, 'searches')) {
    return values.length > 0 && values.every(isPlainObject) ? parameters : undefined
  }
  const { searches } = parameters
  if (values.length > 1 || !isPlainObject(searches)) return undefined
  return searches
}

function normaliseSearch(search: unknown): unknown {
  if (!isPlainObject(search)) return search
  const fields = new Map<string, unknown>()
  for (const [key, value] of Object.entries(search)) {
    const name = Object.hasOwn(renamed, key) ? (renamed[key] ?? key) : key
    const list = name !== key && typeof value === 'string' ? [value] : value
    const before = fields.get(name)
    // Two old names may stand for one new one.
    fields.set(name, Array.isArray(before) && Array.isArray(list) ? [...before, ...list] : list)
  }
  return Object.fromEntries(fields)
}

function isPlainObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
