/** Paths inside the module are byte strings: one character a byte (latin1), so that any name is kept and joining is cheap. */
export type BytePath = string

export function toBytePath(text: string): BytePath {
  return Buffer.from(text, 'utf8').toString('latin1')
}

export function bytesOf(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1')
}

/** @param directory `/` or a path without a trailing slash */
export function join(directory: BytePath, name: BytePath): BytePath {
  return directory === '/' ? `/${name}` : `${directory}/${name}`
}

export function directoryOf(path: BytePath): BytePath {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')))
}

export function baseOf(path: BytePath): BytePath {
  return path === '/' ? '/' : path.slice(path.lastIndexOf('/') + 1)
}

/** Without empty components, `.` and `..`, as Go's filepath.Clean does it: by the text alone. Windows paths get `/`. */
export function cleanPath(path: BytePath): BytePath {
  const slashed = /^[A-Za-z]:[\\/]/.test(path) ? `/${path.replaceAll('\\', '/')}` : path
  const cleaned: string[] = []
  for (const component of slashed.split('/')) {
    if (component === '..') cleaned.pop()
    else if (component !== '' && component !== '.') cleaned.push(component)
  }
  return `/${cleaned.join('/')}`
}

/** `/x` or `C:\x`. What a relative path would be relative to differs on every endpoint. */
export function isAbsolutePath(path: string): boolean {
  return /^([A-Za-z]:[\\/]|\/)/.test(path)
}
