import { type Air, parseAir } from './air.ts'

export interface FoundAir {
  /** As it stands in the text. */
  readonly text: string
  readonly air: Air
}

const START = /(?<![\w.-])(?:urn:air:|air:(?=[\w./-]{0,100}:)|civitai:(?=\d))/gi
/** Up to what ends an AIR in prose, in JSON and in markup, or to the next one. */
const RUN = /(?:urn:)?(?:air:)?(?:(?!(?:urn:)?air:)[^\s"'`<>,;&()[\]{}|\\]){1,1000}/iy
/** Numbers, and perhaps a format. */
const SHORT_RUN = /civitai:[\w@+:.-]{1,100}/iy
const MOST = 1000

/** The AIRs in a text of any kind, in order and each as often as it is there, the first thousand of them. Linear. */
export function findAirs(text: string): FoundAir[] {
  const found: FoundAir[] = []
  START.lastIndex = 0
  for (let start = START.exec(text); start !== null && found.length < MOST; start = START.exec(text)) {
    const pattern = /^civitai/i.test(start[0]) ? SHORT_RUN : RUN
    pattern.lastIndex = start.index
    const run = (pattern.exec(text)?.[0] ?? '').replace(/[.:!?]{1,20}$/, '')
    const air = parseAir(run)
    if (air === undefined) continue
    found.push({ text: run, air })
    START.lastIndex = start.index + run.length
  }
  return found
}
