/** A hash table of row numbers: the rows themselves say what they hold. */
export interface RowIndex {
  /** The row of this hash for which `isIt` holds. */
  find(hash: number, isIt: (row: number) => boolean): number | undefined
  /** @param hash any integer: its lower 32 bits count */
  add(hash: number, row: number): void
}

export function createRowIndex(): RowIndex {
  /** Hash and row + 1 by turns; row 0 is a free slot. */
  let slots = new Int32Array(8_192)
  let count = 0

  function insert(hash: number, row: number): void {
    const mask = slots.length - 2
    let slot = spread(hash) & mask
    while (slots[slot + 1] !== 0) slot = (slot + 2) & mask
    slots[slot] = hash
    slots[slot + 1] = row + 1
  }

  return {
    find(hash, isIt) {
      const mask = slots.length - 2
      const stored = hash | 0
      for (let slot = spread(hash) & mask; ; slot = (slot + 2) & mask) {
        const row = (slots[slot + 1] as number) - 1
        if (row < 0) return undefined
        if (slots[slot] === stored && isIt(row)) return row
      }
    },
    add(hash, row) {
      count += 1
      if (count * 4 > slots.length) {
        const old = slots
        slots = new Int32Array(old.length * 2)
        for (let slot = 0; slot < old.length; slot += 2) {
          const value = old[slot + 1] as number
          if (value !== 0) insert(old[slot] as number, value - 1)
        }
      }
      insert(hash, row)
    },
  }
}

/** Inode numbers follow one another: neighbours would fill one stretch of the table. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}
