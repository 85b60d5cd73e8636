/** One thing that the doctor looked at. */
export interface Finding {
  readonly about: string
  readonly verdict: 'good' | 'warning' | 'wrong'
  readonly words: string
  /** What to do next. */
  readonly advice?: string
}
