import { type PlaceFiles, placeFiles } from '../../src/download/place-files.ts'

/** An error as the system gives it. */
export const systemError = (code: string): Error => Object.assign(new Error(`${code}: as the system says`), { code })

/** The real file system, some of whose calls are others. */
export const withFiles = (calls: Partial<PlaceFiles>): PlaceFiles => ({ ...placeFiles, ...calls })

/** A filesystem without links. */
export const withoutLinks = (code = 'EPERM'): PlaceFiles => withFiles({ link: () => Promise.reject(systemError(code)) })

/** Where `isOther` names of another filesystem are: neither links nor renames lead from there. */
export const acrossFilesystems = (isOther: (path: string) => boolean, links = true): PlaceFiles => ({
  ...placeFiles,
  link: (from, to) =>
    isOther(from)
      ? Promise.reject(systemError('EXDEV'))
      : links
        ? placeFiles.link(from, to)
        : Promise.reject(systemError('EPERM')),
  rename: (from, to) => (isOther(from) ? Promise.reject(systemError('EXDEV')) : placeFiles.rename(from, to)),
})

export class Crash extends Error {}

/** Dies before the call number `before` (from 0): neither it nor any after it comes about, clean-up included. */
export function dyingFiles(files: PlaceFiles, before: number): { files: PlaceFiles; calls(): number } {
  let calls = 0
  const dying = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (calls >= before) throw new Crash('killed')
      calls += 1
      return call(...args)
    }
  }
  return {
    calls: () => calls,
    files: {
      link: dying(files.link),
      rename: dying(files.rename),
      unlink: dying(files.unlink),
      create: dying(files.create),
      same: dying(files.same),
      look: dying(files.look),
      names: dying(files.names),
      sync: dying(files.sync),
      // Half of it is there.
      copy: async (from, to, signal) => {
        if (calls >= before) {
          const head = new Uint8Array(await Bun.file(from).slice(0, 3).arrayBuffer())
          await Bun.write(to, head)
        }
        return dying(files.copy)(from, to, signal)
      },
    },
  }
}
