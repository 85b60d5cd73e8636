import { type Peer, quoted, type ScanCase, searchAll } from '../case.ts'
import type { Corpora } from '../corpora/corpora.ts'
import { escaped, needles } from '../corpora/indicators.ts'
import type { Programs } from '../programs.ts'

/** From the project's own directory, where `npm run` is. */
const zipSearch = 'test/bench/peers/zip-search.py'

/** What stands in compressed files: cases 28 to 30. */
export function packedCases({ packed }: Corpora, programs: Programs): readonly ScanCase[] {
  const python = (what: 'name' | 'content', needle: string): Peer => ({
    name: 'python zipfile',
    needs: ['python3'],
    command: `exec ${quoted(programs.python3 ?? 'python3')} ${zipSearch} ${what} ${quoted(needle)} ${quoted(packed.jars)}`,
    aim: 0.5,
  })
  return [
    {
      number: 28,
      what: 'literal in .gz (decompress)',
      corpus: 'T4',
      search: searchAll(packed.gz, { contents: [escaped(needles.literal)] }, { decompress: true }),
      peers: [
        {
          name: 'gzip -dc | grep -F',
          needs: ['find', 'xargs', 'gzip', 'grep'],
          command: `find ${quoted(packed.gz)} -name '*.gz' -print0 | xargs -0 gzip -dc | grep -a -c -F ${quoted(needles.literal)}`,
          aim: 0.5,
        },
      ],
      compare: 'count',
      hits: 3,
      isColdToo: true,
    },
    {
      number: 29,
      what: 'names in jars in jars',
      corpus: 'T4',
      search: searchAll(packed.jars, { names: ['^JndiLookup\\.class$'] }, { archives: true }),
      peers: [python('name', 'JndiLookup.class')],
      hits: 5,
    },
    {
      number: 30,
      what: 'content of jars in jars',
      corpus: 'T4',
      search: searchAll(packed.jars, { contents: [escaped(needles.code)] }, { archives: true }),
      peers: [python('content', needles.code)],
      hits: 5,
    },
  ]
}
