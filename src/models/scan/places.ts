import { placeModel } from '../layout.ts'
import type { ModelType } from '../model-file.ts'
import { type Folder, listedPath, realPath } from './found.ts'
import { blobSha256 } from './hugging-face.ts'
import type { ListingTable } from './listing-table.ts'
import { PlaceHash, type PlaceState } from './place-hash.ts'
import type { WalkedFile } from './walked-file.ts'

/** What is known of files from where they lie. */
export interface Places {
  /** `WalkedFile.place`: by it a file is compared before anything else is put together. */
  numberOf(row: number): number
  toWalkedFile(row: number): WalkedFile
}

/** @param othersOf rows of the other listings of a file */
export function createPlaces(listings: ListingTable, othersOf: (row: number) => readonly number[] | undefined): Places {
  /** What the folder says is hashed once for all files in it. */
  const seeds = new Map<Folder, PlaceState>()
  const hash = new PlaceHash()

  function seedOf(folder: Folder): PlaceState {
    let seed = seeds.get(folder)
    if (seed === undefined) {
      const { path, type, layout } = folder.root.root
      // With the outcome of the rules, so that a version with other rules places the files anew.
      const placed = placeIn(folder, 'x.safetensors')
      const texts = [path, type ?? '', layout, folder.relative, placed.type, placed.name]
      seed = hash.begin().add(texts.join('\0')).state()
      seeds.set(folder, seed)
    }
    return seed
  }

  function isPartial(row: number): boolean {
    return listings.isPartial(row) || (othersOf(row)?.some(listings.isPartial) ?? false)
  }

  function numberOf(row: number): number {
    const seed = seedOf(listings.folder(row))
    hash.begin(seed).add(listings.name(row))
    if (isPartial(row)) hash.add('/partial')
    const sidecars = listings.sidecars(row)
    if (sidecars !== 0) hash.add(`/${sidecars}`)
    for (const other of othersOf(row) ?? NONE) {
      hash.add(listedPath(listings.at(other)))
      const theirs = listings.sidecars(other)
      if (theirs !== 0) hash.add(`/${theirs}`)
    }
    return hash.number()
  }

  return {
    numberOf,
    toWalkedFile(row) {
      const found = listings.at(row)
      const others = (othersOf(row) ?? NONE).map(listings.at)
      const { folder, name, sizeBytes, modifiedUs, changedUs, device, inode } = found
      const digests = [found, ...others].map((listing) => blobSha256(realPath(listing)))
      return {
        path: realPath(found),
        root: folder.root.root.path,
        relative: folder.relative + name,
        ...placeIn(folder, name),
        aliases: others.map(listedPath),
        sizeBytes,
        modifiedUs,
        changedUs,
        device: String(device),
        inode: String(inode),
        partial: isPartial(row),
        namedSha256: digests.find((digest) => digest !== undefined),
        place: numberOf(row),
      }
    },
  }
}

const NONE: readonly number[] = []

function placeIn(folder: Folder, name: string): { readonly type: ModelType; readonly name: string } {
  const { root } = folder.root
  const relative = folder.relative + name
  return root.type === undefined ? placeModel(root.path, relative) : { type: root.type, name: relative }
}
