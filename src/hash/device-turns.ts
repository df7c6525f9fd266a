/**
 * One reader a device: whoever reads from a slow disk holds the device's slot for the length of one buffer, so that the
 * disk sees long reads one after another while the other workers hash what they have read.
 */

/** Devices that can be told apart. */
export const DEVICE_SLOTS = 64

/** A turn as long as this without an end belongs to a worker that died or hangs in a read (NFS). */
const PATIENCE_MS = 1000

/** How often one who waits looks whether it is still wanted. */
const LOOK_MS = 50

export interface DeviceTurns {
  /**
   * Waits for the slot and gives the ticket of the turn. Blocks, so it is for workers. A turn that lasts a second too
   * long is taken over: its holder may be gone.
   *
   * @param ensureWanted called while it waits; what it throws ends the waiting
   */
  take(slot: number, ensureWanted: () => void): number
  /** Ends the turn; without effect on one that was taken over. */
  give(slot: number, ticket: number): void
}

/** For all workers of a process: an Int32 for each slot (0 or the ticket of its holder) and the last ticket. */
export const createTurnTable = (): SharedArrayBuffer =>
  new SharedArrayBuffer((DEVICE_SLOTS + 1) * Int32Array.BYTES_PER_ELEMENT)

export function createDeviceTurns(table: SharedArrayBuffer, patienceMs = PATIENCE_MS): DeviceTurns {
  const slots = new Int32Array(table)
  /** Positive, and no two alike within a thousand million turns. */
  const nextTicket = (): number => (Atomics.add(slots, DEVICE_SLOTS, 1) & 0x3fffffff) + 1

  return {
    take(slot, ensureWanted) {
      const ticket = nextTicket()
      let seen = 0
      let since = 0
      while (true) {
        const holder = Atomics.compareExchange(slots, slot, 0, ticket)
        if (holder === 0) return ticket
        const now = performance.now()
        if (holder !== seen) {
          seen = holder
          since = now
        } else if (now - since >= patienceMs && Atomics.compareExchange(slots, slot, holder, ticket) === holder) {
          return ticket
        }
        ensureWanted()
        Atomics.wait(slots, slot, holder, LOOK_MS)
      }
    },
    give(slot, ticket) {
      if (Atomics.compareExchange(slots, slot, ticket, 0) === ticket) Atomics.notify(slots, slot, 1)
    },
  }
}
