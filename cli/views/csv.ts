/** One CSV record (RFC 4180), safe to open in a spreadsheet: a cell that could begin a formula gets a `'` in front
 *  (reference/security.md T41), and what is not printable is escaped. */
export function csvRow(cells: readonly (string | number | boolean | undefined)[]): string {
  return `${cells.map((cell) => csvCell(String(cell ?? ''))).join(',')}\r\n`
}

function csvCell(text: string): string {
  const guarded = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  const plain = guarded.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    return `\\u{${code.toString(16)}}`
  })
  return /[",'\s\\]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}
