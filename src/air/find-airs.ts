import { type Air, parseAir } from './air.ts'

export interface FoundAir {
  /** As it stands in the text. */
  readonly text: string
  readonly air: Air
}

const START = /(?<![\w.-])(?:urn:air:|air:(?=[\w./-]{0,100}:)|civitai:(?=\d))/gi
/** What ends an AIR in prose, in JSON and in markup. */
const RUN = /[^\s"'`<>,;()[\]{}|\\]{1,1000}/y
const MOST = 1000

/** The AIRs in a text of any kind, in order and each as often as it is there, the first thousand of them. Linear. */
export function findAirs(text: string): FoundAir[] {
  const found: FoundAir[] = []
  START.lastIndex = 0
  for (let start = START.exec(text); start !== null && found.length < MOST; start = START.exec(text)) {
    RUN.lastIndex = start.index
    const run = (RUN.exec(text)?.[0] ?? '').replace(/[.:!?]{1,20}$/, '')
    const air = parseAir(run)
    if (air === undefined) continue
    found.push({ text: run, air })
    START.lastIndex = start.index + run.length
  }
  return found
}
