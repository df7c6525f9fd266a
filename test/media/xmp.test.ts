import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createXmp, type XmpProperty } from '../../scripts/fixtures/xmp-writer.ts'
import { type ContainerContent, DEFAULT_LIMITS } from '../../src/media/container.ts'
import { createTextCollector } from '../../src/media/text-collector.ts'
import { readXmp } from '../../src/media/xmp.ts'

function read(packet: string, limits = DEFAULT_LIMITS): ContainerContent {
  const into = createTextCollector(limits)
  readXmp(packet, 'test:xmp', into)
  return into.content()
}

function pairs(packet: string): (readonly [string, string])[] {
  const { texts, warnings } = read(packet)
  expect(warnings).toEqual([])
  return texts.map(({ key, text }) => [key, text] as const)
}

const words = 'a <pier> & "lanterns"\n\'提灯\' 😀'

test('a property has its qualified name as key, behind the place', () => {
  expect(read(createXmp([{ name: 'exif:UserComment', text: words }]))).toEqual({
    texts: [{ place: 'test:xmp:exif:UserComment', key: 'exif:UserComment', text: words }],
    warnings: [],
  })
})

test.each(['attribute', 'element', 'cdata', 'Alt', 'Seq', 'Bag'] as const)('a property written as %s', (as) => {
  expect(pairs(createXmp([{ name: 'comfy:prompt', text: words, as }]))).toEqual([['comfy:prompt', words]])
})

const RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
const DC = 'http://purl.org/dc/elements/1.1/'
const description = (attributes: string, content = ''): string =>
  `<rdf:RDF ${RDF}><rdf:Description rdf:about="" ${attributes}>${content}</rdf:Description></rdf:RDF>`

const ROWS: readonly (readonly [name: string, packet: string, found: readonly (readonly [string, string])[]])[] = [
  ['nothing', '', []],
  ['no XML', 'a pier at dusk', []],
  ['a packet without properties', createXmp([]), []],
  [
    'attributes before elements, in the order of the packet',
    description(`xmlns:a="urn:a" a:one="1" a:two='2'`, '<a:three>3</a:three>'),
    [
      ['a:one', '1'],
      ['a:two', '2'],
      ['a:three', '3'],
    ],
  ],
  [
    'each item of a list',
    description(
      `xmlns:dc="${DC}"`,
      '<dc:subject><rdf:Bag><rdf:li>a</rdf:li> <rdf:li>b</rdf:li></rdf:Bag></dc:subject>',
    ),
    [
      ['dc:subject', 'a'],
      ['dc:subject', 'b'],
    ],
  ],
  [
    'rdf:value',
    description('xmlns:a="urn:a"', '<a:b rdf:parseType="Resource"><rdf:value>c</rdf:value></a:b>'),
    [['a:b', 'c']],
  ],
  [
    'properties of a structure',
    description('xmlns:a="urn:a"', '<a:b><rdf:Description a:c="1"><a:d>2</a:d></rdf:Description></a:b>'),
    [
      ['a:c', '1'],
      ['a:d', '2'],
    ],
  ],
  [
    'another prefix for a well-known namespace',
    description(`xmlns:k="${DC}"`, '<k:title>t</k:title>'),
    [['dc:title', 't']],
  ],
  ['no prefix for a well-known namespace', description('', `<title xmlns="${DC}">t</title>`), [['dc:title', 't']]],
  [
    'another prefix for RDF',
    description('').replaceAll('rdf', 'r').replace('r-', 'rdf-').replace('></r:D', ' a:b="c"></r:D'),
    [['a:b', 'c']],
  ],
  [
    "ComfyUI's namespace under another prefix",
    description('xmlns:c="https://github.com/Comfy-Org/ComfyUI" c:prompt="{}"'),
    [['comfy:prompt', '{}']],
  ],
  [
    'any other namespace under the prefix comfy',
    description('xmlns:comfy="urn:x" comfy:workflow="{}"'),
    [['comfy:workflow', '{}']],
  ],
  ['a prefix that nothing declares', '<rdf:Description comfy:prompt="{}"/>', [['comfy:prompt', '{}']]],
  [
    'a well-known prefix that stands for something else',
    description('xmlns:dc="urn:mine" dc:title="t"'),
    [['dc:title', 't']],
  ],
  [
    'a prefix that changes its meaning and back',
    description('xmlns:k="urn:k"', `<k:a xmlns:k="${DC}">1</k:a><k:a>2</k:a>`),
    [
      ['dc:a', '1'],
      ['k:a', '2'],
    ],
  ],
  [
    'an element without a namespace',
    '<prompt about="me" seed="4">words</prompt>',
    [
      ['seed', '4'],
      ['prompt', 'words'],
    ],
  ],
  [
    'language and other attributes of XML',
    description(`xmlns:dc="${DC}"`, '<dc:title xml:lang="en" rdf:resource="r">t</dc:title>'),
    [['dc:title', 't']],
  ],
  [
    'entities',
    '<a b="&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;&#xd;&#10;">&amp;lt;</a>',
    [
      ['b', '<>&"\'A😀\r\n'],
      ['a', '&lt;'],
    ],
  ],
  [
    'what is no entity',
    '<a>&nbsp; &#x110000; &#9999999; &; & &#; &ink</a>',
    [['a', '&nbsp; &#x110000; &#9999999; &; & &#; &ink']],
  ],
  ['CDATA', '<a><![CDATA[<b c="d">&amp;]]> &amp; <![CDATA[]]]]><![CDATA[>]]></a>', [['a', '<b c="d">&amp; & ]]>']]],
  ['comments and instructions', '<?x a="<b>"?><!-- <c>d</c> --><a>1<!-- no -->2<?no?></a>', [['a', '12']]],
  ['a document type is no entity', '<!DOCTYPE a [<!ENTITY b "boom">]><a>&b;</a>', [['a', '&b;']]],
  [
    'white space and line ends are kept',
    '<a b=" 1\r\n2 "> 3\t\n</a>',
    [
      ['b', ' 1\r\n2 '],
      ['a', ' 3\t\n'],
    ],
  ],
  ['white space between elements is no text', '<a>\n <b>1</b>\n</a>', [['b', '1']]],
  ['text around elements is one text', '<a>1<b/>2</a>', [['a', '12']]],
  [
    'white space in tags',
    '<a\n b = "1"\n\tc=\'2\' >3</a\n>',
    [
      ['b', '1'],
      ['c', '2'],
      ['a', '3'],
    ],
  ],
  [
    '< and > and quotes in attributes',
    `<a b="<c d='e'>" f='"'/>`,
    [
      ['b', "<c d='e'>"],
      ['f', '"'],
    ],
  ],
  ['an end that nothing has begun', '</b><a>1</c></a></a>', [['a', '1']]],
  [
    'an end that is missing',
    '<a><b>1</a><c>2</c>',
    [
      ['b', '1'],
      ['c', '2'],
    ],
  ],
  [
    'names from the prototype of objects',
    '<__proto__ constructor="1">2</__proto__>',
    [
      ['constructor', '1'],
      ['__proto__', '2'],
    ],
  ],
  ['a byte order mark', '\ufeff<a>1</a>', [['a', '1']]],
]

describe('reads', () => {
  test.each(ROWS)('%s', (_, packet, found) => {
    expect(pairs(packet)).toEqual([...found])
  })
})

describe('namespaces', () => {
  const known: readonly (readonly [uri: string, prefix: string])[] = [
    ['http://purl.org/dc/elements/1.1/', 'dc'],
    ['http://ns.adobe.com/xap/1.0/', 'xmp'],
    ['http://ns.adobe.com/exif/1.0/', 'exif'],
    ['http://cipa.jp/exif/1.0/', 'exifEX'],
    ['http://ns.adobe.com/tiff/1.0/', 'tiff'],
    ['http://iptc.org/std/Iptc4xmpExt/2008-02-29/', 'Iptc4xmpExt'],
    ['https://github.com/Comfy-Org/ComfyUI', 'comfy'],
  ]
  test.each(known)('%s is %s', (uri, prefix) => {
    const packet = description(`xmlns:q="${uri}" q:a="1"`, `<q:b>2</q:b><c xmlns="${uri}">3</c>`)
    expect(pairs(packet)).toEqual([
      [`${prefix}:a`, '1'],
      [`${prefix}:b`, '2'],
      [`${prefix}:c`, '3'],
    ])
  })

  const housekeeping = [
    'http://ns.adobe.com/xap/1.0/mm/',
    'http://ns.adobe.com/xap/1.0/sType/ResourceEvent#',
    'http://ns.adobe.com/xap/1.0/sType/ResourceRef#',
    'http://ns.adobe.com/xap/1.0/g/img/',
    'http://ns.adobe.com/camera-raw-settings/1.0/',
    'http://ns.adobe.com/photoshop/1.0/',
    'http://ns.adobe.com/xmp/note/',
  ]
  test.each(housekeeping)('%s is left out', (uri) => {
    const lists = '<q:b><rdf:Seq><rdf:li q:c="2" rdf:about="">3</rdf:li></rdf:Seq></q:b><k:d xmlns:k="urn:k">4</k:d>'
    expect(pairs(description(`xmlns:q="${uri}" q:a="1"`, lists))).toEqual([['k:d', '4']])
  })
})

test('what editors keep for themselves is left out', () => {
  const packet = description(
    'xmlns:m="http://ns.adobe.com/xap/1.0/mm/" xmlns:p="http://ns.adobe.com/photoshop/1.0/" xmlns:x="http://ns.adobe.com/xap/1.0/" m:DocumentID="d" x:CreatorTool="harbor"',
    `<p:DocumentAncestors><rdf:Bag>${'<rdf:li>uuid</rdf:li>'.repeat(2000)}</rdf:Bag></p:DocumentAncestors>`,
  )
  expect(pairs(packet)).toEqual([['xmp:CreatorTool', 'harbor']])
})

describe('what is wrong becomes a warning, and what ends before it is kept', () => {
  const rows: readonly (readonly [name: string, packet: string, texts: readonly string[], reason: string])[] = [
    ['a tag that does not end', '<a>1</a><b c="2"', ['1'], 'no XML from character 8'],
    ['an attribute that does not end', '<a>1</a><b c="2>3</b>', ['1'], 'no XML from character 8'],
    ['an attribute without a value', '<a>1</a><b c>3</b>', ['1'], 'no XML from character 8'],
    ['a tag without a name', '<a>1</a>< b/>', ['1'], 'no XML'],
    ['text that is no XML', '<a>1 < 2</a>', [], 'no XML from character 5'],
    ['CDATA that does not end', '<a b="1"><![CDATA[2', ['1'], 'CDATA'],
    ['a comment that does not end', '<a>1</a><!-- 2', ['1'], 'comment'],
    ['a comment that does not end in a text', '<a>1<!-- 2', [], 'comment'],
    ['an instruction that does not end', '<a>1</a><?2', ['1'], 'declaration'],
    ['texts that do not end', '<a b="1">2<c>3', ['1'], 'it ends inside an element'],
    ['elements in elements without end', '<a b="1">'.repeat(1000), Array<string>(64).fill('1'), 'more than 64'],
    ['a name that is too long', `<a>1</a><${'b'.repeat(400)}>2`, ['1'], 'no XML'],
  ]
  test.each(rows)('%s', (_, packet, texts, reason) => {
    const found = read(packet)
    expect(found.texts.map(({ text }) => text)).toEqual([...texts])
    expect(found.warnings.map(({ place }) => place)).toEqual(['test:xmp'])
    expect(found.warnings[0]?.reason).toContain(reason)
  })

  test('an element in another ends with it', () => {
    expect(read('<a><b>1</b> <c>2</a>')).toMatchObject({ texts: [{ text: '1' }, { text: '2' }], warnings: [] })
  })
})

describe('limits', () => {
  test('a text that is larger is left out', () => {
    const { texts, warnings } = read(`<a>${'x'.repeat(101)}</a><b>1</b>`, { textBytes: 100, totalBytes: 1000 })
    expect(texts.map(({ key }) => key)).toEqual(['b'])
    expect(warnings.map(({ place }) => place)).toEqual(['test:xmp:a'])
  })

  test('hostile packets take a time that grows with their length alone', () => {
    const long = 300_000
    const packets = [
      '<'.repeat(long),
      '<a '.repeat(long),
      '<a b="'.repeat(long),
      "<a b='".repeat(long),
      `<a${' '.repeat(long)}b`,
      `<a b${' '.repeat(long)}c`,
      `<a b=${' '.repeat(long)}c`,
      `<a${' b="1"'.repeat(long)}`,
      '<a>'.repeat(long),
      '<a/>'.repeat(long),
      '</a>'.repeat(long),
      `<a>${'<b>'.repeat(60)}${'</a>'.repeat(long)}`,
      '<!--'.repeat(long),
      '<![CDATA['.repeat(long),
      '<?'.repeat(long),
      '<!'.repeat(long),
      `<a>${'&'.repeat(long)}</a>`,
      `<a>${'&#'.repeat(long)}</a>`,
      `<a>${'&#x0'.repeat(long)}</a>`,
      `<a>${'x<b/>'.repeat(long)}</a>`,
      `<a>${' '.repeat(long)}<b/>`.repeat(10),
      '<a:b xmlns:a="c" a:d="1">'.repeat(long),
      `<a ${Array.from({ length: 20_000 }, (_, index) => `xmlns:p${index}="u"`).join(' ')}>${'<p1:b p2:c="1"/>'.repeat(20_000)}`,
    ]
    for (const packet of packets) {
      const { texts, warnings } = read(packet)
      expect(texts.length + warnings.length).toBeLessThanOrEqual(1100)
    }
  })
})

describe('properties', () => {
  const as = fc.constantFrom<XmpProperty['as'] & string>('attribute', 'element', 'cdata', 'Alt', 'Seq', 'Bag')
  const name = fc.constantFrom(
    'exif:UserComment',
    'dc:description',
    'comfy:prompt',
    'comfy:workflow',
    'xmp:CreatorTool',
  )
  const text = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 60 })
    .filter((value) => value.isWellFormed() && /\S/.test(value) && !value.endsWith('\0'))

  test('what is written comes back', () => {
    const property = fc.record({ name, text, as })
    fc.assert(
      fc.property(fc.uniqueArray(property, { selector: (value) => value.name }), (properties) => {
        const written = properties.map((value) => [value.name, value.text] as const)
        expect(pairs(createXmp(properties)).toSorted()).toEqual(written.toSorted())
      }),
    )
  })

  test('a packet that is cut or changed anywhere ends in an answer', () => {
    const packet = createXmp([
      { name: 'exif:UserComment', text: words, as: 'Alt' },
      { name: 'comfy:prompt', text: words, as: 'attribute' },
      { name: 'comfy:workflow', text: words, as: 'cdata' },
    ])
    const whole = read(packet).texts
    for (let cut = 0; cut < packet.length; cut += 1) {
      const { texts, warnings } = read(packet.slice(0, cut))
      expect(texts).toEqual(whole.filter((text) => texts.some((other) => Bun.deepEquals(text, other))))
      if (cut > packet.indexOf(words)) expect(warnings.length > 0 || texts.length === whole.length).toBe(true)
    }
    const signs = fc.constantFrom('<', '>', '"', "'", '/', '&', '=', ' ', ']', '!', '?', 'x')
    fc.assert(
      fc.property(fc.nat(packet.length), fc.nat(9), signs, (at, removed, sign) => {
        const { texts } = read(packet.slice(0, at) + sign + packet.slice(at + removed))
        expect(texts.length).toBeLessThan(20)
      }),
      { numRuns: 1000 },
    )
  })
})
