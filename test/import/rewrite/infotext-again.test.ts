import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Dependency } from '../../../src/import/dependency.ts'
import { parsePrompt } from '../../../src/import/parse/detect.ts'
import { namesHere } from '../../../src/import/rewrite/local-names.ts'
import { rewriteTexts } from '../../../src/import/rewrite/rewrite.ts'

const parse = (text: string) => parsePrompt({ texts: [{ place: 'payload', key: '', text }], format: 'auto' })

/** What is known of a model, whatever it is called. */
const known = ({ type, hashes, weight, active }: Dependency) => ({
  type,
  hashes: hashes.map(({ algorithm, value }) => `${algorithm} ${value}`).toSorted(),
  weight,
  active,
})

const hex = (length: number) => fc.stringMatching(new RegExp(`^[1-9a-f][0-9a-f]{${length - 1}}$`))
const word = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,10}[a-z]$/)
const words = fc.stringMatching(/^[A-Z][A-Za-z0-9_() .-]{0,12}[a-z]$/)
const model = (name: fc.Arbitrary<string>) =>
  fc.record({ from: name.map((text) => `o${text}x`), to: name.map((text) => `n${text}x`), hash: hex(12) })
const models = (name: fc.Arbitrary<string>) =>
  fc.uniqueArray(model(name), { maxLength: 4, selector: ({ from }) => from.toLowerCase() })

/** Names that other ways of writing need: commas are lost in some lists and not in others. */
const listed = (name: string): string => name.replace(/[,:]/g, '')

test('the rewritten text names the same models by their new names, with the same hashes', () => {
  fc.assert(
    fc.property(
      models(words),
      models(word),
      model(words),
      fc.record({ inHashes: fc.boolean(), inTags: fc.boolean(), comma: fc.boolean(), quoted: fc.boolean() }),
      (loras, embeddings, main, { inHashes, inTags, comma, quoted }) => {
        const renamed = new Map<string, string>()
        const all = [...loras, ...embeddings, main].map(({ from, to, hash }, at) => {
          // Commas stand in tags alone.
          const sign = comma && inTags && at < loras.length ? ', ' : ' '
          const names = {
            from: `${from}${at < loras.length ? sign : ''}${at}`,
            to: `${to}${at < loras.length ? sign : ''}${at}`,
          }
          renamed.set(names.from, names.to)
          return { ...names, hash }
        })
        const [tags, bare, checkpoint] = [all.slice(0, loras.length), all.slice(loras.length, -1), all.at(-1)]
        const list = (some: typeof all): string => some.map(({ from, hash }) => `${listed(from)}: ${hash}`).join(', ')
        const pairs: Record<string, string> = Object.fromEntries([
          ['model', checkpoint?.hash.slice(0, 10)],
          ...tags.map(({ from, hash }) => [`lora:${from}`, hash.slice(0, 10)]),
          ...bare.map(({ from, hash }) => [`embed:${from}`, hash.slice(0, 10)]),
        ])
        const text = [
          [
            'a pier',
            ...bare.map(({ from }) => `(${from}:1.1)`),
            ...(inTags ? tags.map(({ from }) => `<lora:${from}:0.5>`) : []),
          ].join(', '),
          `Negative prompt: ${bare.map(({ from }) => from).join(' and ')}`,
          [
            'Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x512',
            `Model hash: ${checkpoint?.hash.slice(0, 10)}, Model: ${quoted ? JSON.stringify(checkpoint?.from) : checkpoint?.from}`,
            ...(tags.length === 0 ? [] : [`Lora hashes: "${list(tags)}"`]),
            ...(bare.length === 0 ? [] : [`TI hashes: "${list(bare)}"`]),
            ...(inHashes ? [`Hashes: ${JSON.stringify(pairs)}`] : []),
            'Version: v1.9',
          ].join(', '),
        ].join('\n')
        const before = parse(text)
        const found = before.dependencies.map((each): Dependency => {
          const name = each.written.flatMap((written) => renamed.get(written) ?? [])[0]
          return name === undefined ? each : { ...each, status: 'resolved', resolved_name: `sub/${name}.safetensors` }
        })
        const [rewritten] = rewriteTexts([{ place: 'payload', key: '', text }], before.sources, namesHere(found))
        const after = parse(rewritten?.text ?? text)
        const expected = before.dependencies.map((each) => ({
          ...known(each),
          written: each.written.map((written) => renamed.get(written) ?? written).toSorted(),
        }))
        expect(after.dependencies.map((each) => ({ ...known(each), written: each.written.toSorted() }))).toEqual(
          expected,
        )
        for (const { from } of bare) expect(rewritten?.text ?? '').not.toContain(from)
      },
    ),
    { numRuns: 500 },
  )
})
