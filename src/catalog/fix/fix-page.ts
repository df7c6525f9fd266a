import { formatAir } from '../../air/air.ts'
import type { PageReport } from '../page-report.ts'
import { byteOffset, encodeText, type PageText } from '../page-text.ts'
import { unifiedDiff } from './diff.ts'
import { applyEdit, editAir } from './edit-page.ts'

/** What Civitai knows of a version, in the words of an AIR. */
export interface AirLabel {
  readonly model_id: number
  /** `sdxl`, `wanvideo-22-t2v-a14b`. */
  readonly ecosystem: string
  /** `lora`, `checkpoint`. */
  readonly type: string
}

/** Undefined where Civitai may not be asked, cannot be reached, or does not know the version. */
export type LabelOf = (versionId: number, signal: AbortSignal) => Promise<AirLabel | undefined>

export interface PageFix {
  /** Undefined where nothing is to be changed. */
  readonly bytes: Uint8Array | undefined
  readonly diff: string
  readonly fixes: readonly string[]
  readonly notes: readonly string[]
}

/** Adds the AIR that a page lacks, from its first civitdl command; all other bytes stay as they are. */
export async function fixPage(
  name: string,
  page: { readonly bytes: Uint8Array; readonly text: PageText },
  report: PageReport,
  labelOf: LabelOf,
  signal: AbortSignal,
): Promise<PageFix> {
  const unfixed = (note: string): PageFix => ({ bytes: undefined, diff: '', fixes: [], notes: [note] })
  if (report.syntax_type === 'INVALID') return unfixed(report.reason ?? 'it cannot be read')
  if (report.air !== null) return unfixed('nothing to fix: it has an AIR')
  const commands = report.files.filter(({ program }) => program === 'civitdl')
  const versioned = commands.flatMap(({ civitdl }) => (civitdl?.version_id === undefined ? [] : [civitdl]))
  const [first] = versioned
  const versionId = first?.version_id
  if (first === undefined || versionId === undefined) {
    return unfixed(
      commands.length === 0
        ? 'the AIR cannot be told: it has no civitdl command'
        : 'the AIR cannot be told: none of its civitdl commands names a version',
    )
  }
  const label = await labelOf(versionId, signal)
  if (label === undefined) {
    return unfixed(
      `ecosystem and type of version ${versionId} are not known: Civitai was not asked, or does not know it`,
    )
  }
  if (first.model_id !== undefined && first.model_id !== label.model_id) {
    return unfixed(
      `its command names model ${first.model_id}, but version ${versionId} is one of model ${label.model_id}`,
    )
  }
  const { ecosystem, type, model_id } = label
  const air = formatAir({ ecosystem, type, source: 'civitai', id: String(model_id), version: String(versionId) })
  const edit = editAir(page.text.text, air)
  if (edit === undefined) return unfixed(`the AIR ${air} cannot be put into its front matter: add it by hand`)
  const { text } = page.text
  const bytes = Buffer.concat([
    page.bytes.subarray(0, byteOffset(page.text, edit.start)),
    encodeText(edit.insertion, page.text.encoding),
    page.bytes.subarray(byteOffset(page.text, edit.end)),
  ])
  const models = new Set(versioned.map(({ model_id: id }) => id))
  const notes = models.size > 1 ? ['its commands get several models: the AIR names that of the first'] : []
  return { bytes, diff: unifiedDiff(name, text, applyEdit(text, edit)), fixes: [edit.fix], notes }
}
