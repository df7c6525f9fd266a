import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { avif, heic } from '../../src/media/avif.ts'
import { flac } from '../../src/media/flac.ts'
import { gif } from '../../src/media/gif.ts'
import { jxl } from '../../src/media/jxl.ts'
import { mp3 } from '../../src/media/mp3.ts'
import { mp4 } from '../../src/media/mp4.ts'
import { ogg } from '../../src/media/ogg.ts'
import { webm } from '../../src/media/webm.ts'
import { isOf, readBytes } from '../support/media.ts'
import { projectDir } from '../support/project-files.ts'

/** Files of other programs; how each was made stands beside them. */
const folder = join(projectDir, 'fixtures/foreign')
const containers = [avif, heic, jxl, mp4, webm, gif, flac, ogg, mp3]

const prompt = '{"1":{"class_type":"CheckpointLoaderSimple","inputs":{"ckpt_name":"harborMix_v2.safetensors"}}}'
const workflow =
  '{"nodes":[{"id":1,"type":"CheckpointLoaderSimple","widgets_values":["harborMix_v2.safetensors"]}],"links":[],"extra":{"title":"提灯"}}'
const info = 'a harbor at dusk, <lora:ink_wash_style:0.8>\nSteps: 24, Sampler: Euler, Seed: 7, Model: harborMix_v2'

const size = { width: 32, height: 32 }
const graphs = (place: string, upper = false) => [
  { place: `${place}:${upper ? 'PROMPT' : 'prompt'}`, key: 'prompt', text: prompt },
  { place: `${place}:${upper ? 'WORKFLOW' : 'workflow'}`, key: 'workflow', text: workflow },
]
const comment = (place: string) => ({ place, key: 'comment', text: info })

const ROWS = [
  ['ffmpeg.mp4', 'mp4', size, graphs('mp4:mdta')],
  ['ffmpeg-faststart.mp4', 'mp4', size, graphs('mp4:mdta')],
  ['ffmpeg-fragments.mp4', 'mp4', size, graphs('mp4:mdta')],
  ['ffmpeg-comment.mp4', 'mp4', size, [comment('mp4:ilst:©cmt')]],
  [
    'ffmpeg-comment.mov',
    'mp4',
    size,
    [{ place: 'mp4:udta:©des', key: 'description', text: info }, comment('mp4:udta:©cmt')],
  ],
  ['ffmpeg.webm', 'webm', size, graphs('webm:tag', true)],
  ['ffmpeg-piped.webm', 'webm', size, graphs('webm:tag', true)],
  ['ffmpeg.mkv', 'webm', size, [...graphs('webm:tag', true), comment('webm:tag:COMMENT')]],
  ['ffmpeg.flac', 'flac', {}, graphs('flac:tag')],
  ['ffmpeg.opus', 'ogg', {}, graphs('ogg:tag')],
  ['ffmpeg.ogg', 'ogg', {}, graphs('ogg:tag')],
  ['ffmpeg.mp3', 'mp3', {}, graphs('mp3:TXXX')],
  ['ffmpeg-id3v23.mp3', 'mp3', {}, graphs('mp3:TXXX')],
  ['imagemagick.gif', 'gif', size, [comment('gif:comment')]],
  [
    'exiftool.gif',
    'gif',
    size,
    [comment('gif:comment'), { place: 'gif:xmp:dc:description', key: 'dc:description', text: 'a pier' }],
  ],
  [
    'avifenc.avif',
    'avif',
    size,
    [
      { place: 'avif:exif:UserComment', key: 'UserComment', text: info },
      { place: 'avif:xmp:dc:description', key: 'dc:description', text: 'a pier' },
    ],
  ],
] as const

/** What ffmpeg says of itself. */
const ITS_OWN = new Set(['encoder', 'software', 'duration'])

describe('files of other programs', () => {
  test.each(ROWS)('%s', (name, kind, pixels, texts) => {
    const file = readFileSync(join(folder, name))
    const container = containers.find((candidate) => isOf(candidate, file))
    expect(container?.name).toBe(kind)
    if (container === undefined) return
    const { texts: found, ...rest } = readBytes(container, file)
    expect(found.filter(({ key }) => !ITS_OWN.has(key))).toEqual([...texts])
    expect(rest).toEqual({ ...pixels, warnings: [] })
  })

  test('stay few and small', () => {
    const sizeBytes = ROWS.reduce((sum, [name]) => sum + readFileSync(join(folder, name)).length, 0)
    expect(sizeBytes).toBeLessThan(60_000)
  })
})
