import type { DiskSpace, Reservation } from './space.ts'

/** What one download has reserved on the disk. */
export interface Room {
  /**
   * From now on so many bytes are still to be written: reserves what is missing of them.
   * @throws SourceRefused `disk`
   */
  reserve(bytes: number): Promise<void>
  /** So many of them were. */
  written(bytes: number): void
  release(): void
}

export function createRoom(space: DiskSpace, dir: string): Room {
  let reservation: Reservation | undefined
  let left = 0
  return {
    async reserve(bytes) {
      const more = bytes - left
      if (more <= 0) return
      if (reservation === undefined) reservation = await space.reserve(dir, more)
      else await reservation.grow(more)
      // Some may have been written while the disk was asked.
      left += more
    },
    written(bytes) {
      reservation?.shrink(bytes)
      left = Math.max(0, left - bytes)
    },
    release: () => reservation?.release(),
  }
}
