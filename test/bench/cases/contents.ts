import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Peer, quoted, type ScanCase, searchAll, searchAny } from '../case.ts'
import type { Corpora } from '../corpora/corpora.ts'
import { escaped, needles } from '../corpora/indicators.ts'
import type { Programs } from '../programs.ts'

const wide = {
  T1: 'small files',
  T2: 'system',
  T3: 'big files',
  T3u: 'mixed scripts',
  T4: 'archives',
  T6: 'odd files',
} as const

/** What stands in files: cases 9 to 23. Files of patterns are written into `scratch`. */
export function contentCases(corpora: Corpora, programs: Programs, scratch: string): readonly ScanCase[] {
  const { tree, logs, odd, iocs } = corpora
  const rg = (path: string, rest: string, aim?: number): Peer => ({
    name: `rg ${rest.replace(/ *(-[ef] )?'.*$/, '')}`.trim(),
    needs: ['rg'],
    command: `exec ${quoted(programs.rg ?? 'rg')} --no-config -uu -a -E none -l ${rest} ${quoted(path)}`,
    ...(aim === undefined ? {} : { aim }),
  })
  const grep = (path: string, rest: string): Peer => ({
    name: `grep ${rest.replace(/ *'.*$/, '')}`,
    needs: ['grep'],
    command: `exec grep -a -l ${rest} ${quoted(path)}`,
  })
  const pattern = (
    number: number,
    what: string,
    corpus: 'T1' | 'T3' | 'T3u',
    source: string,
    aim?: number,
    hits?: number,
  ): ScanCase => {
    const path = { T1: tree.directory, T3: logs.directory, T3u: logs.mixed }[corpus]
    return {
      number,
      what: `${what}, ${wide[corpus]}`,
      corpus,
      search: searchAll(path, { contents: [source] }),
      peers: [rg(path, `-e ${quoted(source)}`, aim)],
      ...(hits === undefined ? {} : { hits }),
    }
  }
  const literal = (number: number, corpus: ScanCase['corpus'], path: string, aim?: number): ScanCase => ({
    number,
    what: `literal, ${wide[corpus]}`,
    corpus,
    search: searchAll(path, { contents: [escaped(needles.literal)] }),
    peers: [rg(path, `-F ${quoted(needles.literal)}`, aim), grep(path, `-rF ${quoted(needles.literal)}`)],
  })
  const many = (number: number, count: number, corpus: 'T1' | 'T3', aim?: number): ScanCase => {
    const path = corpus === 'T1' ? tree.directory : logs.directory
    const list = join(scratch, `iocs-${count}`)
    writeFileSync(list, `${iocs.slice(0, count).join('\n')}\n`)
    const rules = join(scratch, `rules-${count}`)
    const strings = iocs.slice(0, count).map((ioc, n) => `$s${n} = ${JSON.stringify(ioc)}`)
    writeFileSync(rules, `rule iocs { strings: ${strings.join('\n')} condition: any of them }\n`)
    const yara: Peer = {
      name: 'yara -r',
      needs: ['yara'],
      command: `exec yara -r ${quoted(rules)} ${quoted(path)}`,
      hitsOf: (output) =>
        output
          .trim()
          .split('\n')
          .map((line) => line.slice(line.indexOf(' ') + 1)),
    }
    const peers = [rg(path, `-F -f ${quoted(list)}`, aim)]
    if (count === 200) peers.push(grep(path, `-rF -f ${quoted(list)}`), yara)
    return {
      number,
      what: `${count} indicators, ${wide[corpus]}`,
      corpus,
      search: searchAny(path, { contents: iocs.slice(0, count).map(escaped) }),
      peers,
    }
  }
  const folded = '(?i)c2-BEACON\\.evil-corp'
  const alternation = '(?i)(badguy|evilcorp)\\.example:[0-9]+ token='
  const setting = '^[a-z]+[0-9]*=[^=]*$'
  return [
    { ...literal(9, 'T1', tree.directory, 1), hits: 3, isColdToo: true },
    ...(corpora.sizes.name === 'quick'
      ? []
      : [{ ...literal(10, 'T2', '/usr/share'), mayComplain: true as const }]),
    { ...literal(11, 'T3', logs.directory, 1.4), hits: 2, isColdToo: true },
    { ...literal(11, 'T6', odd.directory), mayComplain: true },
    pattern(12, 'literal (?i)', 'T3', folded, undefined, 2),
    pattern(13, 'alternation (?i)', 'T1', alternation, 1.1, 1),
    pattern(13, 'alternation (?i)', 'T3', alternation, 1.1, 2),
    pattern(14, '[0-9a-f]{33}', 'T1', '[0-9a-f]{33}', undefined, 1),
    pattern(14, '[0-9a-f]{33}', 'T3', '[0-9a-f]{33}', 0.5, 2),
    pattern(15, 'wget|curl … sh|bash', 'T3', '\\b(wget|curl)\\b.*\\b(sh|bash)\\b', undefined, 2),
    pattern(16, '\\pL{30}', 'T3u', '\\pL{30}', undefined, 1),
    many(17, 20, 'T1'),
    many(17, 20, 'T3'),
    many(18, 200, 'T1', 0.8),
    many(18, 200, 'T3', 0.3),
    many(19, 1000, 'T1', 0.8),
    many(19, 1000, 'T3', 0.3),
    regexes(corpora, scratch, rg),
    {
      number: 22,
      what: 'all lines match (macroal)',
      corpus: 'T1',
      search: searchAll(tree.directory, { names: ['\\.conf$'], contents: [setting] }, { macroal: true }),
      peers: [
        {
          name: 'find, awk',
          needs: ['find', 'xargs', 'awk'],
          command: `find ${quoted(tree.directory)} -name '*.conf' -print0 | xargs -0 awk 'FNR==1{if(f!=""&&ok)print f;f=FILENAME;ok=1} !/${setting}/{ok=0} END{if(ok)print f}'`,
        },
      ],
    },
    {
      number: 23,
      what: 'no line matches (inverse)',
      corpus: 'T1',
      search: searchAll(tree.directory, { contents: ['!const'] }),
      peers: [
        {
          name: 'rg --files-without-match',
          needs: ['rg'],
          command: `exec ${quoted(programs.rg ?? 'rg')} --no-config -uu -a -E none --files-without-match -F const ${quoted(tree.directory)}`,
        },
      ],
    },
  ]
}

/** Case 20: two hundred patterns, of which twenty hold no literal. */
function regexes(
  { tree, iocs }: Corpora,
  scratch: string,
  rg: (path: string, rest: string) => Peer,
): ScanCase {
  const named = iocs.slice(0, 180).map((ioc) => `(?i)${escaped(ioc.slice(0, -5))}\\.(evil|bad)[0-9]*`)
  const plain = Array.from({ length: 20 }, (_, n) => `[A-F0-9]{${24 + (n % 10)}}[g-z]{${1 + (n % 2)}}`)
  const list = join(scratch, 'regexes')
  writeFileSync(list, `${[...named, ...plain].join('\n')}\n`)
  return {
    number: 20,
    what: '200 patterns, small files',
    corpus: 'T1',
    search: searchAny(tree.directory, { contents: [...named, ...plain] }),
    peers: [rg(tree.directory, `-f ${quoted(list)}`)],
    hits: 3,
  }
}
