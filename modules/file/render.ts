import { z } from 'zod'
import type { ModuleResult } from '../module.ts'
import { type FileElement, fileElement } from './element.ts'
import { fileStatistics } from './run.ts'

// A result comes from another machine: parse it, do not trust its shape.
const elements = z.record(z.string(), z.array(fileElement))

const fields = [
  ['name', 'names'],
  ['size', 'sizes'],
  ['mode', 'modes'],
  ['mtime', 'mtimes'],
  ['content', 'contents'],
  ['md5', 'md5'],
  ['sha1', 'sha1'],
  ['sha2', 'sha2'],
  ['sha3', 'sha3'],
  ['manifest', 'manifests'],
  ['multiline', 'multilines'],
  ['bytes', 'bytes'],
  ['type', 'types'],
  ['links', 'links'],
  ['owner', 'owners'],
  ['group', 'groups'],
  ['atime', 'atimes'],
  ['ctime', 'ctimes'],
  ['btime', 'btimes'],
  ['packaged', 'packaged'],
  ['entropy', 'entropies'],
] as const

/** MIG's lines: one a hit; and, unless only hits are wanted, misses, errors and the statistics. */
export function renderResult(
  result: ModuleResult,
  { foundOnly }: { readonly foundOnly: boolean },
): readonly string[] {
  const lines: string[] = []
  for (const [label, found] of Object.entries(elements.safeParse(result.elements).data ?? {})) {
    for (const element of found) {
      if (element.file !== '') lines.push(hitLine(label, element))
      else if (!foundOnly) lines.push(`0 match found in search '${label}'${checksOf(element)}`)
    }
  }
  if (foundOnly) return lines
  lines.push(...(result.errors ?? []))
  const { data } = fileStatistics.safeParse(result.statistics)
  if (data !== undefined) {
    const { filescount, openfailed, totalhits, exectime } = data
    lines.push(
      `Statistics: ${filescount} files checked, ${openfailed} failed to open, ${totalhits} matched, ran in ${exectime}.`,
    )
  }
  return lines
}

function hitLine(label: string, element: FileElement): string {
  const { lastmodified, mode, size, sha256 } = element.fileinfo
  const hash = sha256 === undefined ? '' : `, sha256:${sha256.toLowerCase()}`
  const info = `lastmodified:${lastmodified}, mode:${mode}, size:${size}${hash}`
  const lines = (element.matches ?? []).map(({ content, lines, partial, places }) => {
    const where = places === undefined ? '' : ` (${places.map(({ line }) => line).join(', ')})`
    return `, content '${content}' in ${partial ? 'at least ' : ''}${lines} lines${where}`
  })
  const path = [element.file, ...(element.entry ?? [])].join('!/')
  return `${path} [${info}${lines.join('')}] in search '${label}'${checksOf(element)}`
}

/** ` on checks name='x'` for an element of one check; nothing for one of a whole search. */
function checksOf({ search }: FileElement): string {
  if (search.options.matchall) return ''
  const checks = fields.flatMap(([name, field]) => (search[field] ?? []).map((value) => `${name}='${value}'`))
  return ` on checks ${checks.join(' ')}`
}
