/** One sample of the text format. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Family {
  readonly name: string
  help?: string
  type?: string
  readonly samples: Sample[]
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const SAMPLE = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]Inf|NaN)$/i

/**
 * What is wrong with a scrape in Prometheus' text format 0.0.4: what a server would refuse, and what
 * `promtool check metrics` warns of. Empty for a good one.
 */
export function faultsOf(text: string): string[] {
  const faults: string[] = []
  const families = new Map<string, Family>()
  const closed = new Set<string>()
  let current: Family | undefined
  const enter = (name: string): Family => {
    if (current !== undefined && current.name !== name) closed.add(current.name)
    if (closed.has(name)) faults.push(`${name}: its lines do not stand together`)
    const family = families.get(name) ?? { name, samples: [] }
    families.set(name, family)
    current = family
    return family
  }
  if (!text.endsWith('\n')) faults.push('the last line does not end')
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, keyword = '', name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? []
    if (keyword !== '') {
      const family = enter(name)
      const key = keyword === 'HELP' ? 'help' : 'type'
      if (family[key] !== undefined) faults.push(`${name}: a second ${keyword}`)
      if (family.samples.length > 0) faults.push(`${name}: ${keyword} behind its samples`)
      if (keyword === 'TYPE' && !/^(?:counter|gauge|histogram|summary|untyped)$/.test(rest)) {
        faults.push(`${name}: no such type as ${rest}`)
      }
      family[key] = rest
      continue
    }
    if (line.startsWith('#')) continue
    const sample = parseSample(line)
    if (sample === undefined) faults.push(`cannot be read: ${line}`)
    else enter(familyOf(sample.name, families)).samples.push(sample)
  }
  return [...faults, ...[...families.values()].flatMap(lint)]
}

export function samplesOf(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const sample = line === '' || line.startsWith('#') ? undefined : parseSample(line)
    return sample === undefined ? [] : [sample]
  })
}

function parseSample(line: string): Sample | undefined {
  const [, name = '', inside = '', number = ''] = SAMPLE.exec(line) ?? []
  if (!NAME.test(name) || !NUMBER.test(number)) return undefined
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < inside.length) {
    const [, label = '', value = ''] = LABEL.exec(inside) ?? []
    if (label === '' || label in labels) return undefined
    labels[label] = value
  }
  return { name, labels, value: Number(number.replace('Inf', 'Infinity')) }
}

/** `x_bucket`, `x_sum` and `x_count` belong to the histogram `x`. */
function familyOf(name: string, families: ReadonlyMap<string, Family>): string {
  const base = name.replace(/_(?:bucket|sum|count)$/, '')
  const type = families.get(base)?.type
  return base !== name && (type === 'histogram' || type === 'summary') ? base : name
}

function lint({ name, help, type, samples }: Family): string[] {
  const faults: string[] = []
  const check = (good: boolean, fault: string): void => {
    if (!good) faults.push(`${name}: ${fault}`)
  }
  check(NAME.test(name) && !/[A-Z:]/.test(name), 'not a name in snake_case')
  check(help !== undefined && help !== '', 'has no help')
  check(type !== undefined, 'has no type')
  check((type === 'counter') === name.endsWith('_total'), 'counters, and they alone, end with _total')
  check(!/_(?:bucket|sum|count|info_total)$/.test(name), 'ends with what belongs to histograms')
  check(!/_(?:ms|milliseconds|minutes|hours|kb|mb|kilobytes|megabytes|percent)(?:_|$)/.test(name), 'no base unit')
  check(!/_(?:counter|gauge|histogram|summary)(?:_|$)/.test(name), 'names its type')
  const series = samples.map((sample) => `${sample.name} ${JSON.stringify(Object.entries(sample.labels).toSorted())}`)
  check(new Set(series).size === series.length, 'the same series twice')
  if (type === 'counter')
    check(
      samples.every(({ value }) => value >= 0),
      'a counter below zero',
    )
  return type === 'histogram' ? [...faults, ...histogramFaults(name, samples)] : faults
}

function histogramFaults(name: string, samples: readonly Sample[]): string[] {
  const groups = Map.groupBy(samples, ({ labels: { le: _, ...rest } }) =>
    JSON.stringify(Object.entries(rest).toSorted()),
  )
  return [...groups.values()].flatMap((group) => {
    const of = (suffix: string): Sample[] => group.filter((sample) => sample.name === name + suffix)
    const buckets = of('_bucket').map(
      ({ labels, value }) => [Number(labels.le?.replace('Inf', 'Infinity')), value] as const,
    )
    const rising = buckets.every(([le, value], at) => {
      const before = buckets[at - 1]
      return before === undefined || (le > before[0] && value >= before[1])
    })
    const last = buckets.at(-1)
    const [count, ...counts] = of('_count')
    const whole = counts.length === 0 && of('_sum').length === 1 && count?.value === last?.[1]
    return rising && last?.[0] === Number.POSITIVE_INFINITY && whole ? [] : [`${name}: not a histogram`]
  })
}
