import { MigError } from '../../../node/core/error.ts'
import type { FileKind } from '../../host/host.ts'

/** Letters as find(1) has them. */
const letters: Readonly<Record<string, FileKind>> = {
  f: 'file',
  d: 'directory',
  l: 'link',
  p: 'fifo',
  s: 'socket',
  b: 'block-device',
  c: 'character-device',
}

/** `f`, `d,l`: kinds of which one must fit.
 *  @throws MigError `bad-parameters` with the place of what is no kind */
export function parseKinds(text: string): ReadonlySet<FileKind> {
  const kinds = new Set<FileKind>()
  let position = 0
  for (const letter of text.split(',')) {
    const kind = Object.hasOwn(letters, letter) ? letters[letter] : undefined
    if (kind === undefined) {
      const known = Object.keys(letters).join(', ')
      throw new MigError('bad-parameters', `type '${text}': expected letters of ${known}, as in f or d,l`, {
        position,
      })
    }
    kinds.add(kind)
    position += letter.length + 1
  }
  return kinds
}
