import type { XmlAttribute } from './xml-scanner.ts'

/** Namespaces by their URI, with the prefix that everybody knows them by; writers may use any other. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ['adobe:ns:meta/', 'x'],
  ['http://www.w3.org/1999/02/22-rdf-syntax-ns#', 'rdf'],
  ['http://www.w3.org/XML/1998/namespace', 'xml'],
  ['http://purl.org/dc/elements/1.1/', 'dc'],
  ['http://ns.adobe.com/xap/1.0/', 'xmp'],
  ['http://ns.adobe.com/exif/1.0/', 'exif'],
  ['http://cipa.jp/exif/1.0/', 'exifEX'],
  ['http://ns.adobe.com/tiff/1.0/', 'tiff'],
  ['http://iptc.org/std/Iptc4xmpExt/2008-02-29/', 'Iptc4xmpExt'],
  ['https://github.com/Comfy-Org/ComfyUI', 'comfy'],
])

/** What editors write for themselves: long lists of their steps, thumbnails, settings of a development. */
const HOUSEKEEPING: ReadonlySet<string> = new Set([
  'http://ns.adobe.com/xap/1.0/mm/',
  'http://ns.adobe.com/xap/1.0/sType/ResourceEvent#',
  'http://ns.adobe.com/xap/1.0/sType/ResourceRef#',
  'http://ns.adobe.com/xap/1.0/g/img/',
  'http://ns.adobe.com/camera-raw-settings/1.0/',
  'http://ns.adobe.com/photoshop/1.0/',
  'http://ns.adobe.com/xmp/note/',
])

/** A qualified name as texts are filed under it, `undefined` where it is of the frame (RDF, XML) and no property. */
export interface PropertyName {
  readonly key: string | undefined
  readonly isHousekeeping: boolean
}

/** Prefixes that are declared at an element and around it. */
export interface Scope {
  readonly uris: ReadonlyMap<string, string>
  readonly outer: Scope | undefined
}

/** `outer` itself where the element declares none. */
export function openScope(attributes: readonly XmlAttribute[], outer: Scope | undefined): Scope | undefined {
  const uris = new Map<string, string>()
  for (const [name, uri] of attributes) {
    if (name === 'xmlns') uris.set('', uri)
    else if (name.startsWith('xmlns:')) uris.set(name.slice(6), uri)
  }
  return uris.size === 0 ? outer : { uris, outer }
}

const FRAME: ReadonlySet<string> = new Set(['rdf', 'x', 'xml', 'xmlns'])

export function resolveName(name: string, scope: Scope | undefined, isAttribute: boolean): PropertyName {
  const colon = name.indexOf(':')
  const written = colon < 0 ? '' : name.slice(0, colon)
  const local = name.slice(colon + 1)
  // An attribute without a prefix has no namespace; of those only `about` and declarations are in use.
  if (isAttribute && written === '')
    return { key: name === 'xmlns' || name === 'about' ? undefined : name, isHousekeeping: false }
  const uri = uriOf(written, scope)
  const prefix = (uri === undefined ? undefined : KNOWN.get(uri)) ?? written
  if (FRAME.has(prefix)) return { key: undefined, isHousekeeping: false }
  const isHousekeeping = uri !== undefined && HOUSEKEEPING.has(uri)
  return { key: prefix === '' ? local : `${prefix}:${local}`, isHousekeeping }
}

function uriOf(prefix: string, scope: Scope | undefined): string | undefined {
  for (let at = scope; at !== undefined; at = at.outer) {
    const uri = at.uris.get(prefix)
    if (uri !== undefined) return uri
  }
  return undefined
}
