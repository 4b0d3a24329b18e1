import { expect, test } from 'bun:test'
import type { ReleaseImage } from '../content/release.ts'
import { askByName, askByService, compareImage, countSharedLayers, type Engine, readEngine } from './engine.ts'

const sum = (digit: string) => `sha256:${digit.repeat(64)}`
const short = (digit: string) => digit.repeat(16)
const image: ReleaseImage = {
  service: 'api',
  name: 'pickme/lucid:api-aaaaaaaaaaaa',
  pull: `pickme/lucid@${sum('a')}`,
  digest: sum('a'),
  manifest: sum('b'),
  config: sum('c'),
  layers: ['1', '2', '3'].map((digit) => ({ digest: sum('d'), size: 1, diffId: sum(digit) })),
}
const layers = ['1', '2', '3'].map(short)
const engine = (more: Partial<Engine['images'][number]> = {}, store: Engine['store'] = 'classic'): Engine => ({
  store,
  images: [{ id: image.config, names: [image.name], layers, ...more }],
})

test('an image is there when its name, its id and its layers are those of the release', () => {
  for (const id of [image.config, image.manifest, image.digest])
    expect(compareImage(image, engine({ id }))).toBe('there')
  expect(compareImage(image, engine({ names: ['other/name:1', `registry.example/${image.name}`] }))).toBe('there')
  expect(compareImage(image, engine({ names: ['pickme/lucid:other-aaaaaaaaaaaa'] }))).toBe('missing')
  expect(compareImage(image, engine({ id: sum('f') }))).toBe('differs')
  expect(compareImage(image, engine({ layers: layers.slice(1) }))).toBe('differs')
})

test('a classic engine has the layers that one of its images has from the lowest on; a containerd store tells nothing', () => {
  expect(countSharedLayers(image, engine({ names: [] }))).toBe(3)
  expect(countSharedLayers(image, engine({ layers: [short('1'), short('2'), short('9')] }))).toBe(2)
  expect(countSharedLayers(image, engine({ layers: [short('9'), short('2'), short('3')] }))).toBe(0)
  expect(countSharedLayers(image, { store: 'classic', images: [] })).toBe(0)
  expect(countSharedLayers(image, engine({}, 'containerd'))).toBe(0)
})

test('images are asked for by their own names, or by the names that all contents of a service have', () => {
  expect(askByName([image.name])).toContain(`' ${image.name}\n`)
  expect(askByService([image, image])).toContain(`--no-trunc --filter 'reference=pickme/lucid:api-*' |`)
})

const line = (id = image.config) => `lucid-image ${id}|${image.name} |${layers.map((one) => `${one} `).join('')}`

test('an answer is read whatever a shell prints before it', () => {
  const out = `Welcome to pi!\r\nlucid-store [["Backing Filesystem","extfs"]]\n${line()}\n`
  expect(readEngine('pi', { code: 0, out, err: 'Error: No such image: x' }, { asked: 2 })).toEqual(engine())
  const containerd = 'lucid-store [["driver-type","io.containerd.snapshotter.v1"]]\n'
  expect(readEngine('pi', { code: 0, out: containerd, err: '' })).toEqual({ store: 'containerd', images: [] })
})

test.each([
  ['says nothing of an image that was asked for', `lucid-store []\n`, 'gave no answer that can be read'],
  ['says not which store it has', `${line()}\n`, 'gave no answer that can be read'],
  ['says an id that is none', `lucid-store []\n${line('latest')}\n`, 'says of an image what cannot be'],
])('an engine that %s is a fault', (_, out, fault) => {
  expect(() => readEngine('pi', { code: 0, out, err: '' }, { asked: 1 })).toThrow(fault)
})

test('an engine that does not answer is named, with what to do', () => {
  const err = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'
  expect(() => readEngine('pi', { code: 1, out: '', err })).toThrow(
    'no Docker engine answers on pi: sudo systemctl start docker there',
  )
})
