/** What a step works in, shared by all automata of one program: each step is over before the next begins. */
export class Workspace {
  readonly stack: Int32Array
  readonly #passed: Int32Array
  readonly #keptIn: Int32Array
  readonly #kept: Int32Array
  #round = 0
  #count = 0

  constructor(instructions: number) {
    // A split pushes two and takes one, and is passed once.
    this.stack = new Int32Array(instructions + 2)
    this.#passed = new Int32Array(instructions)
    this.#keptIn = new Int32Array(instructions)
    this.#kept = new Int32Array(instructions)
  }

  open(): void {
    this.#round += 1
    if (this.#round === 0x7fffffff) {
      this.#passed.fill(0)
      this.#keptIn.fill(0)
      this.#round = 1
    }
    this.#count = 0
  }

  /** @returns false when it was passed in this round */
  pass(instruction: number): boolean {
    if (this.#passed[instruction] === this.#round) return false
    this.#passed[instruction] = this.#round
    return true
  }

  keep(instruction: number): void {
    if (this.#keptIn[instruction] === this.#round) return
    this.#keptIn[instruction] = this.#round
    this.#kept[this.#count++] = instruction
  }

  /** What was kept in this round. */
  kept(): Int32Array {
    return this.#kept.slice(0, this.#count)
  }

  /** The same, sorted. */
  sorted(): Int32Array {
    const count = this.#count
    const kept = this.kept()
    if (count < 2) return kept
    let [first, last] = [kept[0] as number, kept[0] as number]
    for (let i = 1; i < count; i++) {
      const instruction = kept[i] as number
      if (instruction < first) first = instruction
      else if (instruction > last) last = instruction
    }
    // Where they lie close together, reading the marks in their order is the faster way to sort.
    if (last - first > count * 32) return kept.sort()
    for (let instruction = first, i = 0; instruction <= last; instruction++) {
      if (this.#keptIn[instruction] === this.#round) kept[i++] = instruction
    }
    return kept
  }
}
