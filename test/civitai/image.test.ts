import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseImage } from '../../src/civitai/image.ts'

const url = 'https://image.civitai.com/xG1nkqKTMzGDvpLrqFT7WA/11111111-2222-4333-8444-555555555501/original=true/5.jpeg'
const nothing = { cry: null, laugh: null, like: null, dislike: null, heart: null, comment: null }

describe('one item of an answer', () => {
  test('as the public API gives it', () => {
    const item = {
      id: 60_010_001,
      url,
      hash: 'UDF',
      width: 832,
      height: 1216,
      nsfwLevel: 'None',
      type: 'image',
      nsfw: false,
      browsingLevel: 1,
      createdAt: '2026-07-30T09:12:44.120Z',
      postId: 7_001_001,
      stats: { cryCount: 1, laughCount: 2, likeCount: 37, dislikeCount: 0, heartCount: 21, commentCount: 3 },
      meta: { prompt: 'a harbor', seed: 5 },
      username: 'night_ferry',
      baseModel: 'SDXL 1.0',
      modelVersionIds: [920_301, 910_201],
    }
    expect(parseImage(item)).toEqual({
      id: '60010001',
      postId: '7001001',
      url,
      type: 'image',
      width: 832,
      height: 1216,
      nsfw: false,
      nsfwLevel: 'None',
      browsingLevel: 1,
      createdAt: '2026-07-30T09:12:44.120Z',
      username: 'night_ferry',
      baseModel: 'SDXL 1.0',
      modelVersionIds: [920_301, 910_201],
      stats: { cry: 1, laugh: 2, like: 37, dislike: 0, heart: 21, comment: 3 },
      meta: { prompt: 'a harbor', seed: 5 },
    })
  })

  test('with an id and an address alone', () => {
    expect(parseImage({ id: 5, url })).toMatchObject({
      id: '5',
      type: 'image',
      stats: nothing,
      meta: null,
      postId: null,
    })
    expect(parseImage({ id: 5, url: 'https://example.com/5.mp4' })?.type).toBe('video')
  })

  test.each([
    ['nested', { id: 5, meta: { prompt: 'a' } }, { prompt: 'a' }],
    ['nested without an id', { meta: { prompt: 'a' } }, { prompt: 'a' }],
    ['nested and empty', { id: 5, meta: null }, null],
    ['flat', { prompt: 'a' }, { prompt: 'a' }],
    ['flat with a key of that name', { prompt: 'a', meta: { x: 1 } }, { prompt: 'a', meta: { x: 1 } }],
    ['flat with an id alone', { id: 5 }, { id: 5 }],
    ['a text', 'none', null],
    ['a list', [1], null],
    ['missing', undefined, null],
  ])('meta that is %s', (_, meta, expected) => {
    expect(parseImage({ id: 5, url, meta })?.meta as unknown).toEqual(expected)
  })

  test.each([
    ['missing', undefined, nothing],
    ['null', null, nothing],
    ['no object', 'none', nothing],
    ['of the internal spelling', { likeCountAllTime: 4, heartCountAllTime: 0 }, { ...nothing, like: 4, heart: 0 }],
    ['of both, the public one first', { likeCount: 1, likeCountAllTime: 4 }, { ...nothing, like: 1 }],
    ['no counts', { likeCount: '5', heartCount: -1, cryCount: 1.5 }, nothing],
  ])('stats that are %s', (_, stats, expected) => {
    expect(parseImage({ id: 5, url, stats })?.stats).toEqual(expected)
  })

  test('a field of another type counts as absent', () => {
    const odd = {
      id: 5,
      url,
      width: '832',
      nsfw: 'no',
      createdAt: 7,
      modelVersionIds: ['x'],
      username: {},
      postId: 'x',
    }
    expect(parseImage(odd)).toMatchObject({
      width: null,
      nsfw: null,
      createdAt: null,
      modelVersionIds: [],
      username: null,
    })
  })

  test.each([
    '/etc/hosts',
    'file:///etc/hosts',
    's3://bucket/key',
    'media/5.png',
    'javascript:1',
    '//example.com/5.png',
  ])('an address is fetched from the web, or there is none: %s', (address) => {
    expect(parseImage({ id: 5, url: address })).toBeUndefined()
  })

  test('a bare number of the media becomes their address', () => {
    expect(parseImage({ id: 5, url: '11111111-2222-4333-8444-555555555501' })?.url).toBe(url)
  })

  test('the user may be an object', () => {
    expect(parseImage({ id: 5, url, user: { id: 1, username: 'night_ferry' } })?.username).toBe('night_ferry')
  })

  test.each([
    [null],
    ['text'],
    [[]],
    [{}],
    [{ id: 5 }],
    [{ url }],
    [{ id: '5', url }],
    [{ id: 0, url }],
    [{ id: 5, url: '' }],
  ])('%p is none', (item) => expect(parseImage(item)).toBeUndefined())

  test('nothing makes it throw', () => {
    fc.assert(
      fc.property(
        fc.record({ id: fc.anything(), url: fc.anything(), stats: fc.anything(), meta: fc.anything() }),
        (item) => void parseImage(item),
      ),
    )
    fc.assert(fc.property(fc.anything(), (item) => void parseImage(item)))
  })
})
