import { join } from 'node:path'
import { mountSmallDisk, type SmallDisk } from '../../scripts/faults/small-disk.ts'
import { satisfied } from './requires.ts'
import { tempDir } from './temp-dir.ts'

/** For `test.skipIf(!mayMount())`: whether this user may mount a filesystem in memory. */
export function mayMount(): boolean {
  using dir = tempDir()
  using disk = mountSmallDisk(join(dir.path, 'disk'), 64 * 1024)
  return satisfied(disk !== undefined, 'this user may not mount a filesystem')
}

/** A filesystem of its own at `path`: `using disk = smallDisk(…)`. */
export function smallDisk(path: string, bytes: number): SmallDisk {
  const disk = mountSmallDisk(path, bytes)
  if (disk === undefined) throw new Error('Nothing was mounted')
  return disk
}
