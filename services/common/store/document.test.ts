import { expect, test } from 'bun:test'
import { documentText } from './document.ts'
import { toMongo } from './mongo-document.ts'
import { parseDeclaration } from './shape.ts'

const shape = parseDeclaration({ name: 'notes', fields: { size: 'integer' } })

test('a document is its JSON without the revision, the same for every driver', () => {
  const doc = { id: 'a', rev: 7, size: -0, at: new Date(0), gone: undefined, list: [undefined, Number.NaN] }
  expect(documentText(shape, doc)).toBe('{"id":"a","size":0,"at":"1970-01-01T00:00:00.000Z","list":[null,null]}')
  expect(toMongo(shape, doc, 3)).toEqual({
    _id: 'a',
    rev: 3,
    size: 0,
    at: '1970-01-01T00:00:00.000Z',
    list: [null, null],
  })
})

test('a text that only spells an escape out is taken', () => {
  for (const text of ['\\ud800', '\\u0000', 'a\u0000b'])
    expect(JSON.parse(documentText(shape, { id: 'a', text })).text).toBe(text)
})

test('a refusal never quotes the content', () => {
  expect(() => documentText(shape, { id: 'a', text: 'hunter2\ud800' })).toThrow(/^notes: a text is broken/)
})
