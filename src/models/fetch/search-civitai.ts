import type { CivitaiFile } from '../../civitai/file.ts'
import { type CivitaiFileLink, parseCivitaiFileLink } from '../../civitai/links.ts'
import { fileModelType } from '../../civitai/model-type.ts'
import { type PickedFile, pickFile } from '../../civitai/pick-file.ts'
import { type CivitaiVersion, joinModel } from '../../civitai/version.ts'
import type { CivitaiVersions, VersionRequestOptions } from '../../civitai/versions.ts'
import { lookupsOf } from '../../civitai/wanted-hash.ts'
import type { RefusalReason } from '../../net/file-source.ts'
import { isOfType } from '../type-kinship.ts'
import { fullAir } from './full-air.ts'
import type { Looked } from './looked.ts'
import type { Offer, OfferCandidate, WantedModel } from './wanted.ts'

/** A whole digest proves the file whatever the prompt takes it for; a short one of another type is chance. */
const WHOLE_DIGITS = 64

/** What Civitai has: by each digest, by its own numbers. */
export async function searchCivitai(
  wanted: WantedModel,
  versions: CivitaiVersions,
  options: VersionRequestOptions,
): Promise<Looked> {
  const asked: string[] = []
  const take = (version: CivitaiVersion, otherwise: string): Promise<Looked> | undefined => {
    const { hashes, names, type, urls } = wanted
    const { versionId: _, fileId: linked, ...traits } = fileLink(urls, version) ?? { versionId: 0 }
    const fileId = wanted.civitai?.file_id ?? linked
    const picked = pickFile(version, { hashes, names, type, fileId, traits })
    if (picked.file !== undefined) return offerOf(version, picked, otherwise)
    asked.push(`version ${version.versionId} ${picked.reason}`)
    return undefined
  }
  const offerOf = async (
    version: CivitaiVersion,
    { file, matchedBy }: Exclude<PickedFile, { file: undefined }>,
    otherwise: string,
  ): Promise<Looked> => {
    const full = await withLicence(version, versions, options)
    const offer = toCivitaiOffer(full, file, isHash(matchedBy) ? matchedBy : otherwise)
    return { offers: [offer], result: `version ${version.versionId} has it, found by ${offer.matched_by}` }
  }

  for (const hash of wanted.hashes) {
    for (const lookup of lookupsOf(hash)) {
      const version = await versions.findByHash(lookup, options)
      if (version === undefined) {
        asked.push(`nothing has the ${hash.algorithm} ${lookup.slice(0, 12)}`)
        continue
      }
      if (lookup.length < WHOLE_DIGITS && !isOfType(wanted.type, version.modelType)) {
        asked.push(`what has the ${hash.algorithm} ${lookup} is of another type`)
        continue
      }
      const found = take(version, 'civitai_version')
      if (found !== undefined) return found
    }
  }
  const { version_id: versionId, model_id: modelId } = wanted.civitai ?? {}
  if (versionId !== undefined) {
    const version = await versions.getVersion(versionId, options)
    if (version === undefined) asked.push(`there is no version ${versionId}, or it is not shown`)
    else {
      if (version.files.length === 0) return withoutFiles(version)
      const found = take(version, 'civitai_version')
      if (found !== undefined) return found
    }
  } else if (modelId !== undefined) {
    const model = await versions.getModel(modelId, options)
    if (model?.newest === undefined) asked.push(`there is no model ${modelId}, or it is not shown`)
    else {
      if (model.newest.files.length === 0) return withoutFiles(model.newest)
      const found = take(model.newest, 'civitai_model')
      if (found !== undefined) return found
    }
  }
  return { offers: [], result: asked.length === 0 ? 'nothing to ask it by' : asked.join('; ') }
}

/** Numbers and names are not what found it: a digest is. */
const isHash = (matchedBy: string): boolean =>
  !['file_id', 'traits', 'name', 'type', 'primary', 'only'].includes(matchedBy)

/** What an address of the version says of the file that is meant. */
const fileLink = (urls: readonly string[], { versionId }: CivitaiVersion): CivitaiFileLink | undefined =>
  urls.map(parseCivitaiFileLink).find((link) => link?.versionId === versionId)

async function withLicence(
  version: CivitaiVersion,
  versions: CivitaiVersions,
  options: VersionRequestOptions,
): Promise<CivitaiVersion> {
  if (version.modelId === null) return version
  const model = await versions.getModel(version.modelId, options)
  return model === undefined ? version : joinModel(version, model)
}

/** It is listed without files: archived, taken down, not to be downloaded, or only for who paid. */
function withoutFiles({ versionId, availability, usageControl, paidAccess }: CivitaiVersion): Looked {
  const refuse = (reason: RefusalReason, message: string): Looked => ({
    offers: [],
    result: message,
    refusal: { reason, message },
  })
  const isWithdrawn = /^(?:archived|taken ?down)$/i.test(availability ?? '')
  if (!isWithdrawn && usageControl !== null && usageControl !== 'Download') {
    return refuse(
      'disabled',
      `Version ${versionId} can only be used on Civitai itself: its creator lets nobody download it`,
    )
  }
  if (!isWithdrawn && paidAccess !== null) {
    const end = paidAccess.permanent || paidAccess.endsAt === null ? '' : ` until ${paidAccess.endsAt}`
    return refuse(
      'early_access',
      `Version ${versionId} is in early or paid access at Civitai${end}: buy access there, or wait`,
    )
  }
  return refuse('archived', `Version ${versionId} has no files any more at Civitai (${availability ?? 'archived'})`)
}

function toCivitaiOffer(version: CivitaiVersion, file: CivitaiFile, matchedBy: string): Offer {
  const { modelId, versionId, modelName, trainedWords, license, baseModel, availability, paidAccess } = version
  const air = fullAir(version)
  return {
    source: 'civitai',
    ref: {
      kind: 'civitai',
      version_id: versionId,
      file_id: file.id,
      ...(file.type === null ? {} : { file_type: file.type }),
      verifiable: file.hashes.sha256 !== undefined,
    },
    filename: file.name,
    type: fileModelType(file, version),
    // One that is off by a kilobyte would be taken for another file.
    ...(file.sizeBytes === null
      ? {}
      : file.isSizeExact
        ? { size_bytes: file.sizeBytes }
        : { about_bytes: file.sizeBytes }),
    ...(file.hashes.sha256 === undefined ? {} : { sha256: file.hashes.sha256 }),
    matched_by: matchedBy,
    ...(modelId === null ? {} : { civitai: { model_id: modelId, version_id: versionId, file_id: file.id } }),
    ...(air === undefined ? {} : { air }),
    ...(modelName === null ? {} : { title: modelName }),
    trained_words: [...trainedWords],
    facts: {
      commercial_use: license?.allowCommercialUse == null ? null : [...license.allowCommercialUse],
      base_model: baseModel,
      availability,
      usage: version.usageControl,
      ...(paidAccess === null ? {} : { paid_access: { permanent: paidAccess.permanent, ends_at: paidAccess.endsAt } }),
      pickle_scan: file.pickleScan,
      virus_scan: file.virusScan,
    },
  }
}

/** Something that is called so, for a person to choose. */
export async function namedAtCivitai(
  { names, type }: WantedModel,
  versions: CivitaiVersions,
  options: VersionRequestOptions,
): Promise<readonly OfferCandidate[]> {
  const [name] = names
  if (name === undefined) return []
  const found = await versions.searchByName(name, type === 'other' ? [] : [type], options)
  return found.map((candidate) => {
    const { modelId, versionId, fileName, name: title, versionName } = candidate
    const air = fullAir(candidate)
    const page = `https://civitai.com/models/${modelId}?modelVersionId=${versionId}`
    return {
      ...(air === undefined ? { url: page } : { air }),
      name: fileName ?? title ?? air ?? page,
      why: `Civitai has ${[title, versionName].filter(Boolean).join(', ')} by that name`,
    }
  })
}
