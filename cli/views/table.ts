import { inert } from '../terminal.ts'

/** Columns aligned with blanks; the last is not padded. Cells are made inert before they are measured.
 *  @param head undefined for a table without headings
 *  @param maxCellChars longer cells are cut with `…`; the last column's never */
export function tableLines(
  head: readonly string[] | undefined,
  rows: readonly (readonly string[])[],
  maxCellChars = 40,
): readonly string[] {
  const all = (head === undefined ? rows : [head, ...rows]).map((row) =>
    row.map((cell, i) => (i === row.length - 1 ? inert(cell) : cut(inert(cell), maxCellChars))),
  )
  const widths: number[] = []
  for (const row of all)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return all.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** At most `chars` characters, with `…` for the rest. */
export function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars - 1).toWellFormed()}…`
}
