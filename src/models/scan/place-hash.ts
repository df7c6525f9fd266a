/**
 * Hash of some texts as one integer of 53 bits, which survives JSON, SQLite and a Float64Array. (cyrb53: two 32-bit
 * lanes of multiply and xor. It notices changes and withstands nobody who is looking for a collision.) One object for
 * many files: nothing is allocated for each.
 */
export class PlaceHash {
  #low = 0
  #high = 0

  /** Begins anew, after what `state` of another hash was taken from. */
  begin(state: PlaceState = EMPTY): this {
    this.#low = state.low
    this.#high = state.high
    return this
  }

  /** Adds a text and its end, so that `a` and `bc` are not `ab` and `c`. */
  add(text: string): this {
    let low = this.#low
    let high = this.#high
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      low = Math.imul(low ^ code, 2654435761)
      high = Math.imul(high ^ code, 1597334677)
    }
    this.#low = Math.imul(low ^ 0xffff, 2654435761)
    this.#high = Math.imul(high ^ 0xffff, 1597334677)
    return this
  }

  state(): PlaceState {
    return { low: this.#low, high: this.#high }
  }

  number(): number {
    const [low, high] = [this.#low, this.#high]
    const a = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
    const b = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
    return (b & 0x1fffff) * 2 ** 32 + (a >>> 0)
  }
}

/** What all that is added later has in common. */
export interface PlaceState {
  readonly low: number
  readonly high: number
}

const EMPTY: PlaceState = { low: 0xdeadbeef, high: 0x41c6ce57 }
