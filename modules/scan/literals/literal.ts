/** Bytes that a text must hold. */
export interface Literal {
  /** One character a byte (Latin-1); ASCII letters in lower case when case does not matter. */
  readonly text: string
  readonly ignoreCase: boolean
}

/** What a pattern's matches have in common. */
export interface LiteralNeed {
  /** A match holds at least one of these; undefined when nothing useful is known. None at all: the pattern never matches. */
  readonly anyOf: readonly Literal[] | undefined
  /** One of them is all that a match needs: there is nothing to verify. */
  readonly isWhole: boolean
}

/** Finds where literals are in texts; several may be searched at a time. */
export interface LiteralSearch {
  /** @param bytes must not change while the cursor is used */
  over(bytes: Buffer): LiteralCursor
}

export interface LiteralCursor {
  /** The literal found last, and where it begins. */
  readonly literal: number
  readonly at: number
  /** Did the search stop, at some place before the end, because it costs more than it saves? */
  readonly isCostly: boolean
  /** @returns false when there is no more */
  next(): boolean
}
