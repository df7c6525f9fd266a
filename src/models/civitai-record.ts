import type { ModelLabel } from '../civitai/model-label.ts'
import { toIso } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'

/**
 * What Civitai said of a file's digest, as `model_files.civitai` keeps it and callers see it:
 * `{model_id, version_id, model_name, version_name, type, base_model, trained_words, license: {allow_no_credit,
 * allow_commercial_use, allow_derivatives, allow_different_license} | null, nsfw, availability,
 * paid_access: {permanent, ends_at} | null, asked_at}`, null where it did not say.
 * `unknown: true`: it did not know the digest when it was asked last; what else is there is from an earlier time.
 * `incomplete: true`: it knows the version, but did not show it.
 */
export function toCivitaiRecord(label: ModelLabel, askedAt: number): JsonObject {
  const { license, paidAccess } = label
  return {
    model_id: label.modelId,
    version_id: label.versionId,
    model_name: label.modelName,
    version_name: label.versionName,
    type: label.type,
    base_model: label.baseModel,
    trained_words: [...label.trainedWords],
    license:
      license === null
        ? null
        : {
            allow_no_credit: license.allowNoCredit,
            allow_commercial_use: license.allowCommercialUse === null ? null : [...license.allowCommercialUse],
            allow_derivatives: license.allowDerivatives,
            allow_different_license: license.allowDifferentLicense,
          },
    nsfw: label.nsfw,
    availability: label.availability,
    paid_access: paidAccess === null ? null : { permanent: paidAccess.permanent, ends_at: paidAccess.endsAt },
    asked_at: toIso(askedAt),
  }
}

const DAY_MS = 86_400_000
/** Names, licences and access change. */
const FRESH_MS = 30 * DAY_MS
/** What is not there may have been published meanwhile. */
const UNKNOWN_MS = 7 * DAY_MS

/** Whether Civitai was asked for a file so lately that it need not be asked again. */
export function isFresh(
  { askedAt, isPoor }: { readonly askedAt: string | null /** Unknown or incomplete. */; readonly isPoor: boolean },
  now: number,
): boolean {
  if (askedAt === null) return false
  const age = now - Date.parse(askedAt)
  // A time to come is that of a clock that was wrong.
  return age >= 0 && age < (isPoor ? UNKNOWN_MS : FRESH_MS)
}
