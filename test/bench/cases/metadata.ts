import { quoted, type ScanCase, searchAll, searchAny } from '../case.ts'
import type { Corpora } from '../corpora/corpora.ts'
import { escaped } from '../corpora/indicators.ts'
import type { Programs } from '../programs.ts'

/** Names, sizes, modes, ages: cases 1 to 8. */
export function metadataCases({ tree }: Corpora, programs: Programs): readonly ScanCase[] {
  const top = tree.directory
  const find = (name: string, rest: string, aim?: number) => ({
    name,
    needs: ['find'] as const,
    command: `exec find ${quoted(top)} ${rest}`,
    ...(aim === undefined ? {} : { aim }),
  })
  return [
    {
      number: 1,
      what: 'name',
      corpus: 'T1',
      search: searchAll(top, { names: ['^evil-dropper\\.js$'] }),
      peers: [find('find -name', '-name evil-dropper.js', 0.8)],
      hits: 3,
      isColdToo: true,
    },
    {
      number: 2,
      what: `${tree.names.length} names`,
      corpus: 'T1',
      search: searchAny(top, { names: tree.names.map((name) => `^${escaped(name)}$`) }),
      peers: [
        find(
          'find -regex',
          `-regextype posix-extended -regex ${quoted(`.*/(${tree.names.map(escaped).join('|')})`)}`,
        ),
      ],
    },
    {
      number: 3,
      what: 'name + size + mtime',
      corpus: 'T1',
      search: searchAll(top, { names: ['\\.js$'], sizes: ['>2k'], mtimes: ['>90d'] }),
      peers: [find('find -name -size -mtime', "-name '*.js' -size +2047c -mtime +90", 1.2)],
    },
    {
      number: 4,
      what: 'size',
      corpus: 'T1',
      search: searchAll(top, { sizes: ['>32k'] }),
      peers: [find('find -size', '-type f -size +32767c')],
    },
    {
      number: 5,
      what: 'mode',
      corpus: 'T1',
      search: searchAll(top, { modes: ['^-rwx'] }),
      peers: [find('find -perm', '-type f -perm -0700')],
    },
    {
      number: 6,
      what: 'name, every file hits',
      corpus: 'T1',
      search: searchAll(top, { names: ['.'] }),
      peers: [find('find', '-type f')],
      hits: tree.files,
    },
    {
      number: 7,
      what: 'name, depth 3',
      corpus: 'T1',
      search: searchAll(top, { names: ['\\.js$'] }, { maxdepth: 3 }),
      peers: [find('find -maxdepth', "-maxdepth 3 -name '*.js'")],
    },
    {
      number: 8,
      what: 'literal in many files, 10 wanted',
      corpus: 'T1',
      search: searchAll(top, { contents: ['const'] }, { matchlimit: 10 }),
      peers: [
        {
          name: 'rg -l, head',
          needs: ['rg', 'head'],
          command: `${quoted(programs.rg ?? 'rg')} --no-config -uu -a -E none -l -F const ${quoted(top)} | head -n 10`,
          hitsOf: (output) => [`${output.trim().split('\n').length}`],
        },
      ],
      compare: 'count',
      hits: 10,
      mayComplain: true,
    },
  ]
}
