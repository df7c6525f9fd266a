/** Longer lists of model folders are not written. */
const LENGTH_LIMIT = 256 * 1024

export interface YamlOptions {
  /** Anchors that grow into more than that are an attack. */
  readonly maxAliases: number
  /** `<<` merges. */
  readonly merge?: boolean
}

/**
 * The value of a YAML 1.1 document, as Python's loader takes it: `yes` is true. Undefined for what is no YAML, and for
 * keys that are no scalars: Python refuses them too, and writing out a nest of them as text takes longer than anybody
 * waits.
 */
export async function readYaml(text: string, { maxAliases, merge = false }: YamlOptions): Promise<unknown> {
  if (text.length > LENGTH_LIMIT) return undefined
  // Most hosts have no such file: the program starts without it.
  const { isScalar, parseDocument, visit } = await import('yaml')
  try {
    const document = parseDocument(text, { version: '1.1', merge, uniqueKeys: false, logLevel: 'error' })
    if (document.errors.length > 0) return undefined
    let odd = false
    visit(document, {
      Scalar(_, node) {
        // For Python a dot alone is a text: `base_path: .`
        if (Number.isNaN(node.value) && node.source !== undefined && !/nan/i.test(node.source)) node.value = node.source
      },
      Pair(_, { key }) {
        if (key === null || isScalar(key)) return undefined
        odd = true
        return visit.BREAK
      },
    })
    return odd ? undefined : document.toJS({ maxAliasCount: maxAliases })
  } catch {
    return undefined
  }
}
