/** What an assertion may ask of the text behind a place: bits. */
export const afterWord = 1
export const atLineStart = 2
export const atTextStart = 4
/** The line has matched already; only its end matters. */
export const afterMatch = 8
