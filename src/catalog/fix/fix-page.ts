import { formatAir } from '../../air/air.ts'
import { byteOffset, decodePage, encodeText, type PageText } from '../../lib/page-text.ts'
import { readFrontMatter } from '../front-matter.ts'
import type { PageReport } from '../page-report.ts'
import { unifiedDiff } from './diff.ts'
import { applyEdit, editAir } from './edit-page.ts'
import { labelOfPage, type PageLabel } from './label-of-page.ts'

/** What Civitai knows of a version, in the words of an AIR. */
export interface AirLabel {
  readonly model_id: number
  /** `sdxl`, `wanvideo-22-t2v-a14b`; left out where it has no word for the base model. */
  readonly ecosystem?: string
  /** `lora`, `checkpoint`. */
  readonly type?: string
}

/** What Civitai says of a version, or why it says nothing. */
export type LabelOf = (
  versionId: number,
  signal: AbortSignal,
) => Promise<AirLabel | 'not_asked' | 'unreachable' | 'unknown'>

export interface PageFix {
  /** Undefined where nothing is to be changed. */
  readonly bytes: Uint8Array | undefined
  readonly diff: string
  readonly fixes: readonly string[]
  readonly notes: readonly string[]
  /** That it has, or would have. */
  readonly air: string | null
}

/** Adds the AIR that a page lacks, from its first civitdl command; all other bytes stay as they are. */
export async function fixPage(
  name: string,
  page: { readonly bytes: Uint8Array; readonly text: PageText },
  report: PageReport,
  labelOf: LabelOf,
  signal: AbortSignal,
): Promise<PageFix> {
  const unfixed = (note: string): PageFix => ({ bytes: undefined, diff: '', fixes: [], notes: [note], air: report.air })
  if (report.syntax_type === 'INVALID') return unfixed(report.reason ?? 'it cannot be read')
  if (report.air !== null) return unfixed('nothing to fix: it has an AIR')
  const commands = report.files.filter(({ program }) => program === 'civitdl')
  const versioned = commands.filter(({ civitdl }) => civitdl?.version_id !== undefined)
  const [first] = versioned
  const versionId = first?.civitdl?.version_id
  if (first === undefined || versionId === undefined) {
    return unfixed(
      commands.length === 0
        ? 'the AIR cannot be told: it has no civitdl command'
        : 'the AIR cannot be told: none of its civitdl commands names a version',
    )
  }
  const { text } = page.text
  const said = await labelOf(versionId, signal)
  const written = first.civitdl?.model_id
  const ofCivitai: Partial<AirLabel> = typeof said === 'string' ? {} : said
  const model = ofCivitai.model_id ?? written
  if (written !== undefined && written !== model) {
    return unfixed(`its command names model ${written}, but version ${versionId} is one of model ${model}`)
  }
  const why = whyNot(said, versionId)
  if (model === undefined) return unfixed(`the model of version ${versionId} is not known: ${why}`)
  const own = labelOfPage(readFrontMatter(text), first.folder ?? first.absolute_folder)
  const { ecosystem = own.ecosystem, type = own.type } = ofCivitai
  if (ecosystem === undefined || type === undefined) {
    const lacking = [ecosystem === undefined ? 'ecosystem' : '', type === undefined ? 'type' : ''].filter(Boolean)
    return unfixed(
      `ecosystem and type of version ${versionId} are not known: ${why}, and the page does not tell its ${lacking.join(' and ')} (add ${lacking.join(' and ')} to its front matter)`,
    )
  }
  const air = formatAir({ ecosystem, type, source: 'civitai', id: String(model), version: String(versionId) })
  const edit = editAir(text, air)
  const byHand = `the AIR ${air} cannot be put into its front matter: add it by hand`
  if (edit === undefined) return unfixed(byHand)
  const bytes = Buffer.concat([
    page.bytes.subarray(0, byteOffset(page.text, edit.start)),
    encodeText(edit.insertion, page.text.encoding),
    page.bytes.subarray(byteOffset(page.text, edit.end)),
  ])
  // What the page has in the place of the AIR is written again: in the bytes that it had.
  if (decodePage(bytes)?.text !== applyEdit(text, edit)) return unfixed(byHand)
  const notes = [...noteOn(ofCivitai, { ...own, ecosystem, type }, why)]
  const models = new Set(versioned.map(({ civitdl }) => civitdl?.model_id))
  if (models.size > 1) notes.push('its commands get several models: the AIR names that of the first')
  return { bytes, diff: unifiedDiff(name, text, applyEdit(text, edit)), fixes: [edit.fix], notes, air }
}

function whyNot(said: Awaited<ReturnType<LabelOf>>, versionId: number): string {
  if (said === 'not_asked') return 'Civitai was not asked'
  if (said === 'unreachable') return 'Civitai could not be reached'
  return said === 'unknown' ? `Civitai does not know version ${versionId}` : 'Civitai does not tell'
}

/** What of the AIR is the page's own word. */
function noteOn({ ecosystem, type }: Partial<AirLabel>, own: PageLabel, why: string): readonly string[] {
  const taken = [
    ...(ecosystem === undefined ? [`its ecosystem, ${own.ecosystem}, is taken from its front matter`] : []),
    ...(type === undefined
      ? [`its type, ${own.type}, from ${own.isTypeByFolder ? 'the folder of its command' : 'its front matter'}`]
      : []),
  ]
  return taken.length === 0 ? [] : [`${taken.join(', ')}: ${why}`]
}
