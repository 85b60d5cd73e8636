import { z } from 'zod'
import type { ScanCase } from './case.ts'

const text = (utf8: string) => Buffer.from(utf8).toString('latin1')
const lineSchema = z.object({
  finding: z
    .object({
      found: z.boolean(),
      element: z.object({
        file: z.string(),
        rawfile: z.string().optional(),
        entry: z.array(z.string()).optional(),
        fileinfo: z.object({ sha256: z.string().optional() }),
      }),
    })
    .optional(),
  problem: z.object({ code: z.string(), about: z.string() }).optional(),
  end: z.object({ truncated: z.boolean(), failure: z.string().optional() }).optional(),
})

/** What a module host has said of one order. */
export interface ModuleAnswer {
  /** Each once, byte for byte. */
  readonly hits: readonly string[]
  readonly problems: readonly string[]
}

/** Reads the lines of `streamModule`.
 *  @throws Error when the run failed or was cut short, or, unless the case allows it, could not see something */
export function readAnswer(
  stream: string,
  { compare, mayComplain }: Pick<ScanCase, 'compare' | 'mayComplain'>,
): ModuleAnswer {
  const hits = new Set<string>()
  const problems: string[] = []
  let end: { readonly truncated: boolean; readonly failure?: string | undefined } | undefined
  for (const line of stream.split('\n')) {
    if (line === '') continue
    const said = lineSchema.parse(JSON.parse(Buffer.from(line, 'latin1').toString('utf8')))
    if (said.problem !== undefined) problems.push(`${said.problem.code} ${said.problem.about}`)
    end = said.end ?? end
    if (said.finding?.found !== true) continue
    const { file, rawfile, entry = [], fileinfo } = said.finding.element
    const path = rawfile === undefined ? text(file) : Buffer.from(rawfile, 'base64').toString('latin1')
    const place = [path, ...entry.map(text)].join('!/')
    hits.add(compare === 'hashes' ? `${fileinfo.sha256?.toLowerCase()}  ${place}` : place)
  }
  if (end === undefined || end.failure !== undefined)
    throw new Error(`the module failed: ${end?.failure ?? 'no end'}`)
  if (mayComplain !== true && (end.truncated || problems.length > 0))
    throw new Error(
      `the module has not seen all: ${end.truncated ? 'truncated, ' : ''}${problems.slice(0, 5).join(', ')}`,
    )
  return { hits: [...hits], problems }
}
