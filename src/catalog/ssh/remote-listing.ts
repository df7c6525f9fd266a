import type { ExtraFolders } from './extra-folders.ts'

/** A file as the far side lists it: models, and everything else that lies there, marks of unfinished downloads too. */
export interface RemoteFile {
  readonly folder: RemoteFolder
  /** Below the folder, `/` between the parts; see `decodeName` for bytes that are no text. */
  readonly path: string
  readonly sizeBytes: number
  /** Undefined where the far side cannot tell. */
  readonly modifiedMs: number | undefined
  /** The same of whatever links lead to it; left out where the far side cannot tell, and of hard links. */
  readonly id?: string
}

/**
 * `listed`: everything in it is known. `incomplete`: something in it could not be read, so that what is not listed may
 * still be there. `missing`: there is no such folder. `unreadable`: nobody can say.
 */
export type RemoteFolderState = 'listed' | 'incomplete' | 'missing' | 'unreadable'

export interface RemoteFolder {
  /** Absolute, on the far side. */
  readonly path: string
  readonly state: RemoteFolderState
  /** What was not readable, in the far side's words; escaped. */
  readonly problems: readonly string[]
}

export interface RemoteUiHome {
  /** Absolute, on the far side. */
  readonly path: string
  /** `asked`, `environment`, the file that sets it, or `usual`: the first of the places where rented machines have it. */
  readonly source: string
}

export interface RemoteListing {
  /** As the host calls itself; escaped. */
  readonly host: string
  /** `root@ssh5.example.com:40123` */
  readonly target: string
  /** Undefined where nothing tells, and no folder was relative. */
  readonly uiHome: RemoteUiHome | undefined
  /** Where `~` leads there. */
  readonly userHome?: string | undefined
  /** Folders that the UI there is told to look through too. */
  readonly extra?: ExtraFolders | undefined
  /** Folders that were looked through; one within another stands there only once. */
  readonly folders: readonly RemoteFolder[]
  /** Folders that are not looked through, and why. */
  readonly refused: ReadonlyMap<string, string>
  readonly files: readonly RemoteFile[]
  /** SHA-256 in lower-case hex, of the files that were asked for and could be read. */
  readonly sha256: ReadonlyMap<RemoteFile, string>
  /** The first bytes, up to 1024, of the files that were asked for and could be read. */
  readonly heads: ReadonlyMap<RemoteFile, Uint8Array>
  /** Epoch milliseconds. */
  readonly listedAt: number
}

/** Absolute path of a file on its host. */
export const remotePath = ({ folder, path }: RemoteFile): string => `${folder.path === '/' ? '' : folder.path}/${path}`
