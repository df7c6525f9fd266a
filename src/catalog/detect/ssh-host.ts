import type { ExpectedFile } from '../expected-file.ts'
import { EXTRA_NAME } from '../ssh/extra-folders.ts'
import { type RemoteFile, type RemoteListing, remotePath } from '../ssh/remote-listing.ts'
import { escapeName } from '../ssh/remote-name.ts'
import type { SshLister } from '../ssh/ssh-lister.ts'
import type { SshTarget } from '../ssh/ssh-target.ts'
import type { CatalogHost } from './catalog-host.ts'
import { checkPagesInSteps } from './check-pages.ts'
import { foldersToLook } from './folders-to-look.ts'
import { indexListing, type Listing } from './index-listing.ts'
import type { PageCheck } from './page-check.ts'
import { nameOf } from './paths.ts'
import { openName } from './query-name.ts'
import { filesToPeek, lookAtHeads } from './remote-heads.ts'
import { noteSmallFiles } from './small-files.ts'

export interface SshHostOptions {
  readonly lister: Pick<SshLister, 'list'>
  readonly target: SshTarget
  /** On that host: absolute, or below `~/`. */
  readonly uiHome?: string | undefined
}

/** A host that is reached by ssh: one connection and one listing, however many pages. */
export function createSshHost({ lister, target, uiHome }: SshHostOptions): CatalogHost {
  return {
    async check(pages, { actor, signal, progress }) {
      const reports = pages.map(({ report }) => report)
      const folders = foldersToLook(reports)
      const judge = (listing: RemoteListing, faults?: ReadonlyMap<string, string>) =>
        checkPagesInSteps(reports, indexListing({ ...toListing(listing, folders), faults }), { signal })
      let peeked: readonly RemoteFile[] = []
      let checks: Awaited<ReturnType<typeof judge>> = new Map()
      const listing = await lister.list({
        target,
        actor,
        uiHome,
        folders,
        toHash: chooseToHash(reports.flatMap(({ files }) => files)),
        async toPeek(known) {
          checks = await judge(known)
          peeked = filesToPeek(checks.values(), known)
          return peeked
        },
        signal,
        onProgress: (files) => progress({ done: files, unit: 'items', message: `listed ${files} files` }),
      })
      const { faults, whole } = lookAtHeads(listing, peeked)
      if (faults.size > 0) checks = await judge(listing, faults)
      return {
        instance: listing.target,
        ui_home: listing.uiHome === undefined ? null : escapeName(listing.uiHome.path),
        checkedAt: listing.listedAt,
        results: new Map([...checks].map(([filePath, check]) => [filePath, escaped(noteSmallFiles(check, whole))])),
      }
    },
  }
}

/** Of half the world's repositories the only file is called `model`. */
const MOST_OF_A_NAME = 16

/** Only what a page gives a digest for, and only under the very name that it would have: hashing reads whole files. */
function chooseToHash(expected: readonly ExpectedFile[]): (listing: RemoteListing) => readonly RemoteFile[] {
  const left = new Map<string, number>(
    expected.flatMap(({ sha256, names }) =>
      sha256 === undefined ? [] : names.map((name) => [name, MOST_OF_A_NAME] as const),
    ),
  )
  const isChosen = ({ path, sizeBytes }: RemoteFile): boolean => {
    const name = openName(nameOf(path))
    const count = left.get(name) ?? 0
    if (count === 0 || sizeBytes === 0) return false
    left.set(name, count - 1)
    return true
  }
  return ({ files }) => (left.size === 0 ? [] : files.filter(isChosen))
}

function toListing(listing: RemoteListing, asked: readonly string[]): Listing {
  const { uiHome, userHome, listedAt, folders, files, sha256, refused, extra } = listing
  const listed = folders.map(({ path, state, problems }) => ({ path, state, problem: problems[0] }))
  // What a file names that cannot be read may hold anything.
  const file = `${uiHome?.path ?? ''}/${EXTRA_NAME}`
  const unread =
    extra?.problem === undefined ? [] : [{ path: file, state: 'unreadable', problem: extra.problem } as const]
  return {
    uiHome: uiHome?.path,
    userHome,
    checkedAt: listedAt,
    folders: [...listed, ...unread],
    extra: [...(extra?.folders ?? []), ...unread],
    files: files.map((file) => ({ path: remotePath(file), sizeBytes: file.sizeBytes })),
    sha256: new Map([...sha256].map(([file, digest]) => [remotePath(file), digest])),
    refused,
    asked,
  }
}

/** Names on that host are anybody's: for people, and on one line. */
const escaped = (check: PageCheck): PageCheck => ({
  ...check,
  path: check.path === null ? null : escapeName(check.path),
  files: check.files.map((file) => ({
    ...file,
    ...(file.path === undefined ? {} : { path: escapeName(file.path) }),
    ...(file.reason === undefined ? {} : { reason: escapeName(file.reason) }),
  })),
})
