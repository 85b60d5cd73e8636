/** What the text is.
 *  - lines: of UTF-8 as Go's bufio.ScanLines cuts it: at `\n`, without one `\r` before it; a last line needs no newline
 *  - text: one text of UTF-8, newlines and all
 *  - bytes: one text of bytes */
export type TextKind = 'lines' | 'text' | 'bytes'
