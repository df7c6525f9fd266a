import { stat } from 'node:fs/promises'
import { freeBytes as freeBytesOf } from '../lib/files.ts'
import { SourceRefused } from '../net/file-source.ts'

/** Room on a disk that one download has for itself. */
export interface Reservation {
  /**
   * Reserves so many bytes more, where the size turns out to be larger.
   * @throws SourceRefused `disk`; what was reserved before stays so
   */
  grow(bytes: number): Promise<void>
  /** So many bytes have reached the disk: the filesystem counts them as used from now on. */
  shrink(bytes: number): void
  /** Gives back what is left; may be called again. */
  release(): void
}

export interface DiskSpace {
  /**
   * Makes sure that `bytes` fit into the filesystem of `dir`, a folder that exists, beside what downloads under way have
   * reserved there, with AIRKEEP_MIN_FREE left over, and into AIRKEEP_DISK_QUOTA. Filesystems are told apart by their
   * device number: two subvolumes count as two.
   * @throws SourceRefused `disk`; what stat and statfs throw
   */
  reserve(dir: string, bytes: number): Promise<Reservation>
}

export interface DiskSpaceDeps {
  /** For all downloads together; 0 is no limit. */
  readonly quotaBytes: number
  /** What must stay free on every filesystem that is written to. */
  readonly minFreeBytes: number
  /** What downloads have on the disk so far, those that are under way included; only asked where there is a quota. */
  readonly usedBytes: () => Promise<number>
  /** Bytes that may still be written to the filesystem of a folder. */
  readonly freeBytes?: (dir: string) => Promise<number>
}

/** What is reserved on one filesystem, or on all together. */
interface Tally {
  reserved: number
  /** All that ever reached the disk: only differences mean anything. */
  written: number
}

export function createDiskSpace(deps: DiskSpaceDeps): DiskSpace {
  const { quotaBytes, minFreeBytes, usedBytes, freeBytes = freeBytesOf } = deps
  const everywhere: Tally = { reserved: 0, written: 0 }
  const devices = new Map<number, Tally>()

  function tallyOf(device: number): Tally {
    const tally = devices.get(device) ?? { reserved: 0, written: 0 }
    devices.set(device, tally)
    return tally
  }

  /** Checks and adds without waiting in between, so that two that fit only one by one do not both get in. */
  async function claim(dir: string, device: Tally, bytes: number): Promise<void> {
    if (bytes <= 0) return
    const before = { device: device.written, everywhere: everywhere.written }
    const [free, used] = await Promise.all([freeBytes(dir), quotaBytes === 0 ? 0 : usedBytes()])
    // What was written while they were asked may be missing in their answers.
    const reserved = device.reserved + device.written - before.device
    const reservedInAll = everywhere.reserved + everywhere.written - before.everywhere
    if (free - reserved - bytes < minFreeBytes) throw noSpace({ bytes, free, reserved, minFreeBytes })
    if (quotaBytes > 0 && used + reservedInAll + bytes > quotaBytes) {
      throw overQuota({ bytes, free, used, reserved: reservedInAll, quotaBytes })
    }
    add(device, bytes)
  }

  function add(device: Tally, bytes: number): void {
    device.reserved += bytes
    everywhere.reserved += bytes
  }

  return {
    async reserve(dir, bytes) {
      const device = tallyOf((await stat(dir)).dev)
      await claim(dir, device, bytes)
      let left = bytes
      let released = false
      return {
        async grow(more) {
          await claim(dir, device, more)
          if (released) add(device, -more)
          else left += more
        },
        shrink(written) {
          const counted = Math.min(left, written)
          left -= counted
          add(device, -counted)
          device.written += counted
          everywhere.written += counted
        },
        release() {
          released = true
          add(device, -left)
          left = 0
        },
      }
    },
  }
}

interface Shortage {
  readonly bytes: number
  readonly free: number
  readonly reserved: number
}

function noSpace({ bytes, free, reserved, minFreeBytes }: Shortage & { minFreeBytes: number }): SourceRefused {
  const message =
    `Cannot download the file: it needs ${inWords(bytes)}, and of the ${inWords(free)} that are free ` +
    `${inWords(reserved)} are reserved for downloads under way and ${inWords(minFreeBytes)} have to stay free`
  const missing = bytes + reserved + minFreeBytes - free
  return new SourceRefused('disk', message, {
    hint: `Free ${inWords(missing)} on the disk of the model folder, or set AIRKEEP_MIN_FREE to less`,
  })
}

function overQuota(shortage: Shortage & { used: number; quotaBytes: number }): SourceRefused {
  const { bytes, free, used, reserved, quotaBytes } = shortage
  const message =
    `Cannot download the file: it needs ${inWords(bytes)}, and of the ${inWords(quotaBytes)} that downloads may use ` +
    `${inWords(used)} are used and ${inWords(reserved)} are reserved for downloads under way (${inWords(free)} are free)`
  return new SourceRefused('disk', message, {
    hint: 'Remove models that were downloaded, or set AIRKEEP_DISK_QUOTA to more (0: no limit)',
  })
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const

/** `1.5 GiB`; below a KiB in bytes. */
function inWords(bytes: number): string {
  let value = bytes
  let unit = 'bytes'
  for (const larger of UNITS) {
    if (Math.abs(value) < 1024) break
    value /= 1024
    unit = larger
  }
  return `${unit === 'bytes' ? value : value.toFixed(1)} ${unit}`
}
